"""Checks the files of deploy/ against the program: deploy_files.py PATH_OF_WEBHOOKS

Every WEBHOOKS_ name that they set is a setting whose value the program takes, every command that they run exists with its
options, and what Kubernetes manifests refer to is there.
"""
import os
import re
import shlex
import subprocess
import sys

import yaml

ROOT = os.path.join(os.path.dirname(__file__), "../..")
WEBHOOKS = sys.argv[1]
problems = []


def problem(where, what):
    problems.append(f"{where}: {what}")


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def documents(path):
    return [document for document in yaml.safe_load_all(text(path)) if document]


def program(arguments, environment):
    return subprocess.run([WEBHOOKS, *arguments], env=environment, capture_output=True, text=True, timeout=60)


SETTINGS = set()
for line in program(["settings"], {}).stdout.splitlines():
    SETTINGS.update(re.findall(r"`(WEBHOOKS_[A-Z_]+)`", line))


def check_environment(where, variables):
    """A tool that reads all settings ends with 78 when one is wrong and with 69 when only Redis is away."""
    for name in variables:
        if name.startswith("WEBHOOKS_") and name not in SETTINGS:
            problem(where, f"{name} is no setting")
    given = {n: str(v) for n, v in variables.items() if not n.endswith("_FILE")}
    given["WEBHOOKS_REDIS_URL"] = "unix:///nowhere/redis.sock"
    run = program(["keys", "list", "--workspace", "check"], given)
    if run.returncode != 69:
        problem(where, f"status {run.returncode}: {run.stderr.strip()}")


def check_command(where, arguments):
    words, options = [], []
    for argument in arguments:
        if argument.startswith("--"):
            options.append(argument.split("=")[0])
        elif not options:
            words.append(argument)
    run = program([*words, "--help"], {})
    if run.returncode != 0 or f"USAGE: webhooks {' '.join(words)}" not in run.stdout:
        return problem(where, f"webhooks {' '.join(words)} is no command")
    for option in options:
        if not re.search(rf"^\s+{option}\b", run.stdout, re.M):
            problem(where, f"webhooks {' '.join(words)} has no option {option}")


def check_compose(path):
    compose = documents(path)[0]
    for name, service in compose["services"].items():
        where = f"{path}, {name}"
        for secret in service.get("secrets", []):
            if secret not in compose["secrets"]:
                problem(where, f"no secret {secret}")
        for network in service.get("networks", []):
            if network not in compose["networks"]:
                problem(where, f"no network {network}")
        for other in service.get("depends_on", {}):
            if other not in compose["services"]:
                problem(where, f"no service {other}")
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                text(os.path.join("deploy", source))
            elif source not in compose["volumes"]:
                problem(where, f"no volume {source}")
        if service["image"] != "dalil-webhooks":
            continue
        check_environment(where, service.get("environment", {}))
        check_command(where, service["command"])
        if "tools" in service.get("profiles", []):
            continue  # run by hand, to its end
        test = service["healthcheck"]["test"]
        if test[:2] != ["CMD", "/usr/local/bin/webhooks"]:
            problem(where, f"the health check runs {test}")
        check_command(where, test[2:])
    published = [name for name, service in compose["services"].items() if service.get("ports")]
    if published != ["proxy"]:
        problem(path, f"ports are published by {published}")


def check_units(folder):
    for name in sorted(os.listdir(os.path.join(ROOT, folder))):
        path = f"{folder}/{name}"
        if name.endswith(".env"):
            lines = [line for line in text(path).splitlines() if line and not line.startswith("#")]
            check_environment(path, dict(line.split("=", 1) for line in lines))
        for command in re.findall(r"^ExecStart=/usr/local/bin/webhooks (.*)$", text(path), re.M):
            check_command(path, shlex.split(command))
            for file in re.findall(r"--env-file /etc/dalil-webhooks/(\S+)", command):
                text(f"{folder}/{file}")


def check_pod(where, resource):
    template = resource["spec"]["template"]
    if resource["spec"]["selector"]["matchLabels"] != template["metadata"]["labels"]:
        problem(where, "the selector does not match the pod's labels")
    volumes = {volume["name"] for volume in template["spec"].get("volumes", [])}
    volumes |= {claim["metadata"]["name"] for claim in resource["spec"].get("volumeClaimTemplates", [])}
    for container in template["spec"]["containers"]:
        ports = {port["name"] for port in container.get("ports", [])}
        for mount in container.get("volumeMounts", []):
            if mount["name"] not in volumes:
                problem(where, f"no volume {mount['name']}")
        for kind in ("livenessProbe", "readinessProbe"):
            probe = container.get(kind, {}).get("httpGet")
            if probe and (probe["port"] not in ports or not probe["path"].startswith("/health/")):
                problem(where, f"{kind} asks {probe}")
        if container["image"] != "dalil-webhooks":
            continue
        check_environment(where, {entry["name"]: entry["value"] for entry in container["env"]})
        check_command(where, container["args"])
        if not container["securityContext"]["readOnlyRootFilesystem"]:
            problem(where, "the root file system can be written")


def check_kubernetes(folder):
    kustomization = documents(f"{folder}/kustomization.yaml")[0]
    listed = set(kustomization["resources"])
    there = {f"kubernetes/{name}" for name in os.listdir(os.path.join(ROOT, folder, "kubernetes"))}
    if listed != there:
        problem(f"{folder}/kustomization.yaml", f"lists {sorted(listed)}, there are {sorted(there)}")
    for generator in kustomization["configMapGenerator"]:
        for file in generator["files"]:
            text(f"{folder}/{file.split('=')[1]}")
    labels = []
    resources = [(f"{folder}/{path}", r) for path in sorted(listed) for r in documents(f"{folder}/{path}")]
    for path, resource in resources:
        where = f"{path}, {resource['kind']} {resource['metadata']['name']}"
        if resource["kind"] in ("Deployment", "StatefulSet"):
            check_pod(where, resource)
            labels.append(resource["spec"]["template"]["metadata"]["labels"])
    for path, resource in resources:
        spec = resource["spec"]
        selector = spec.get("podSelector", {}).get("matchLabels")
        if resource["kind"] == "Service":
            selector = spec["selector"]
        if selector and not any(selector.items() <= one.items() for one in labels):
            problem(path, f"{resource['kind']} {resource['metadata']['name']} selects nothing")


def main():
    if len(SETTINGS) < 20:
        problem(WEBHOOKS, f"names {len(SETTINGS)} settings")
    check_compose("deploy/compose.yaml")
    check_units("deploy/systemd")
    check_kubernetes("deploy")
    print("\n".join(problems) or f"deploy/ agrees with the program's {len(SETTINGS)} names of settings")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
