#!/usr/bin/env bash
# Asks Tocsin whether a change may go out. Needs curl 7.86 or later, jq, and credentials of AWS in the
# environment that may read freezes (the stack's output PipelineRoleArn).
#
# Ends with 0: it may go out; 1: a freeze stops it; 7: nobody can say, and it was told to fail closed;
# 2: it is set up wrong, which neither way of failing covers: an address, a role or a word is wrong.
set -euo pipefail

service=${TOCSIN_SERVICE:-}
change=${TOCSIN_CHANGE:-code}
name=${TOCSIN_NAME:-${GITHUB_SHA:-}}
fail=${TOCSIN_FAIL:-open}
seconds=${TOCSIN_SECONDS:-10}
tries=${TOCSIN_TRIES:-3}
url=${TOCSIN_API_URL:-}
url=${url%/}

# One line of a workflow command: what a server said can neither end it nor begin another.
escaped() { local text=$1; text=${text//'%'/%25}; text=${text//$'\r'/%0D}; printf '%s' "${text//$'\n'/%0A}"; }
say() { printf '::%s title=Tocsin::%s\n' "$1" "$(escaped "$2")"; }

# tell ALLOWED KNOWN WHY: what later steps and people read.
tell() {
  local why=${3//[$'\r\n']/ }
  if [[ -n ${GITHUB_OUTPUT:-} ]]; then
    printf 'allowed=%s\nknown=%s\nwhy=%s\n' "$1" "$2" "$why" >> "$GITHUB_OUTPUT"
  fi
  if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then
    printf 'Tocsin, %s: %s\n' "${service//[$'\r\n']/ }" "$why" >> "$GITHUB_STEP_SUMMARY"
  fi
}

wrong() { say error "Set up wrong, so nothing was asked: $1"; tell false false "set up wrong: $1"; exit 2; }

unknown() {
  if [[ $fail == closed ]]; then
    say error "NOBODY KNOWS WHETHER $service IS FROZEN ($1). Failing CLOSED, as told: the change waits."
    tell false false "unknown ($1); failed closed"
    exit 7
  fi
  say warning "NOBODY KNOWS WHETHER $service IS FROZEN ($1). Failing OPEN, as told: look before you deploy."
  tell true false "unknown ($1); failed open"
  exit 0
}

[[ $fail == open || $fail == closed ]] || wrong "fail is open or closed, not '$fail'"
[[ -n $service ]] || wrong "no service is named"
[[ $url =~ ^https://[^/@[:space:]\"\\]+$ || $url =~ ^http://127\.0\.0\.1:[0-9]+$ ]] || wrong "'$url' is no address of an API"
for tool in curl jq; do command -v "$tool" > /dev/null || wrong "$tool is not installed"; done
[[ -n ${AWS_ACCESS_KEY_ID:-} && -n ${AWS_SECRET_ACCESS_KEY:-} ]] || wrong "there are no credentials of AWS"
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-}}
[[ $url =~ \.execute-api\.([a-z0-9-]+)\. ]] && region=${BASH_REMATCH[1]}
[[ -n $region ]] || wrong "no Region is named: set AWS_REGION"

body=$(mktemp)
trap 'rm -f "$body"' EXIT

# Credentials go in by a file descriptor: other processes can read arguments.
credentials() {
  printf 'user = "%s:%s"\n' "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"
  if [[ -n ${AWS_SESSION_TOKEN:-} ]]; then printf 'header = "x-amz-security-token: %s"\n' "$AWS_SESSION_TOKEN"; fi
}

# The parameters stand in the order in which a signature wants them.
ask() {
  local query=(--data-urlencode "change=$change")
  if [[ -n $name ]]; then query+=(--data-urlencode "name=$name"); fi
  query+=(--data-urlencode "service=$service")
  : > "$body"
  curl --silent --get "$url/v1/freeze" "${query[@]}" --config <(credentials) --aws-sigv4 "aws:amz:$region:execute-api" \
    --max-time "$seconds" --max-filesize 1000000 --output "$body" --write-out '%{http_code}' || true
}

for ((try = 1; try <= tries; try++)); do
  status=$(ask)
  case $status in
    000 | 408 | 429 | 5??) [[ $try -lt $tries ]] && sleep "$try" ;;
    *) break ;;
  esac
done

case $status in
  200) ;;
  000) unknown "no answer within $seconds s, $tries times" ;;
  408 | 429 | 5??) unknown "the API answered $status, $tries times" ;;
  *) wrong "the API answered $status: $(jq -r '.detail // .message // "no reason"' "$body" 2> /dev/null || true)" ;;
esac

# Whatever is no answer to this question is nobody's word.
shape='length == 1 and (.[0] | type == "object" and (.allowed | type == "boolean")
  and (.known | type == "boolean") and (.why | type == "string") and .service == $service)'
jq --slurp -e --arg service "$service" "$shape" "$body" > /dev/null 2>&1 || unknown "the API's answer makes no sense"
why=$(jq -r .why "$body")
allowed=$(jq -r .allowed "$body")

if [[ $(jq -r .known "$body") == false ]]; then
  fail=$([[ $allowed == true ]] && echo open || echo closed)
  unknown "$why"
fi
tell "$allowed" true "$why"
if [[ $allowed == true ]]; then
  say notice "$service may go out: $why"
  exit 0
fi
say error "$service is frozen: $why. It may go out once the freeze ends, or once the commander lets it through: tocsin freeze allow INCIDENT ${name:-CHANGE} containment --reason TEXT"
exit 1
