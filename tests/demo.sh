#!/usr/bin/env bash
# The main job, shown: two pinned directories switch what az sees. Leaves nothing behind.
#
# Everything happens below a throw-away AZENV_HOME, with a made-up sign-in in az's own format; no
# network. With the real az on PATH it answers; without it, the variables that az obeys are shown.
set -euo pipefail

python=${AZENV_PYTHON:-python3}
top=$(mktemp -d "${TMPDIR:-/tmp}/azenv-demo.XXXXXX")
trap 'rm -rf "$top"' EXIT
export HOME=$top AZENV_HOME=$top XDG_STATE_HOME='' AZURE_CORE_COLLECT_TELEMETRY=false
unset CI TF_BUILD GITHUB_ACTIONS AZURE_CONFIG_DIR

mkdir -p "$top/.azure" "$top/src/shop" "$top/src/bank"
printf '\357\273\277%s' '{"installationId": "demo", "subscriptions": [
  {"id": "11111111-1111-4111-8111-111111111111", "name": "Shop Dev", "state": "Enabled",
   "user": {"name": "ada@contoso.com", "type": "user"}, "isDefault": true,
   "tenantId": "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "environmentName": "AzureCloud",
   "homeTenantId": "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "tenantDefaultDomain": "contoso.com",
   "tenantDisplayName": "Contoso", "managedByTenants": []},
  {"id": "22222222-2222-4222-8222-222222222222", "name": "Bank Prod", "state": "Enabled",
   "user": {"name": "ada@fabrikam.com", "type": "user"}, "isDefault": false,
   "tenantId": "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb", "environmentName": "AzureCloud",
   "homeTenantId": "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb", "tenantDefaultDomain": "fabrikam.com",
   "tenantDisplayName": "Fabrikam", "managedByTenants": []}]}' >"$top/.azure/azureProfile.json"

# What az keeps of the two sign-ins; the tokens are made up, so nothing here could reach Azure.
sign_in() { # USER TENANT: an account and its refresh token, in msal's format
  local id="$1-0000.$2" host=login.microsoftonline.com
  printf '{"Account": {"home_account_id": "%s", "environment": "%s", "realm": "%s",
      "local_account_id": "%s", "username": "%s", "authority_type": "MSSTS"},
    "RefreshToken": {"home_account_id": "%s", "environment": "%s", "family_id": "1",
      "client_id": "04b07795-8ddb-461a-bbee-02f9e1bf7b46", "credential_type": "RefreshToken",
      "secret": "made up", "target": "", "last_modification_time": "1700000000"}}' \
    "$id" "$host" "$2" "$1" "$1" "$id" "$host"
}
{
  sign_in ada@contoso.com aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa
  sign_in ada@fabrikam.com bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb
} | "$python" -c '
import json, sys
both = json.loads("[" + sys.stdin.read().replace("}}{", "}},{") + "]")
cache = {kind: {f"{kind} {n}": one[kind] for n, one in enumerate(both)} for kind in both[0]}
json.dump(cache, sys.stdout)' >"$top/.azure/msal_token_cache.json"
chmod 600 "$top/.azure/msal_token_cache.json"

# The session that a person would type, in a real bash with the real hook.
cat >"$top/session" <<'SESSION'
eval "$("$PYTHON" -m azenv init bash)"
show() { printf '\n\033[1m%s $ %s\033[0m\n' "${PWD/#$HOME/\~}" "$*"; "$@"; __azenv_hook; }
if command -v az >/dev/null; then
  ask() { show az account show --query '[name, user.name]' -o tsv; }
else
  echo '(no az on PATH: these are the variables that it obeys)'
  ask() { show sh -c 'echo "$AZENV_SUBSCRIPTION_NAME as $AZENV_ACCOUNT"; echo "$AZURE_CONFIG_DIR"'; }
fi
cd ~
show azenv import az
show azenv list
show azenv rename 'Shop Dev' shop
show azenv rename 'Bank Prod' bank
cd ~/src/shop && show azenv pin shop
cd ~/src/bank && show azenv pin bank
ask
show cd ~/src/shop
ask
show azenv why
show cd ~
SESSION
cd "$(dirname "$0")/.."
PYTHON=$(command -v "$python") bash --norc --noprofile -i "$top/session" 2>&1 </dev/null |
  sed -e "s|$top|~|g" -e '/^bash: /d' # what bash says of a terminal that is none

# Without az's sign-in: azenv signs in to a local Azure by itself, and out again.
printf '\n\033[1m~ $ azenv sandbox --tour\033[0m\n'
TMPDIR=$top "$python" -m azenv sandbox --tour 2>&1 </dev/null | sed -e "s|$top|~|g"
printf '\nThat is all: nothing was left behind.\n'
