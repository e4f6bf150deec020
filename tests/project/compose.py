"""What a compose file can be wrong about beyond its schema: names that nothing has."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

INTERPOLATION = re.compile(r"(?<!\$)\$\{([A-Z0-9_]+)(:-)?([^}]*)\}")
OPTION = re.compile(r"AIRFLOW__(.+?)__(.+)")
HOST = re.compile(r"://(?:[^@/\s]*@)?([a-z][a-z-]*)")


def problems(document: Mapping[str, Any], root: Path, options: Mapping[str, Collection[str]]) -> list[str]:
    """Everything that is wrong with a compose file in the folder *root*.

    :param options: Airflow's options by section, all in lower case.
    """
    services = document["services"]
    found = set(_unset(document))
    for name, service in services.items():
        found |= {f"{name}: {problem}" for problem in _dependencies(service, services)}
        found |= {f"{name}: {problem}" for problem in _volumes(service, document.get("volumes", {}), root)}
        found |= {f"{name}: {problem}" for problem in _environment(service, services, options)}
        found |= {f"{name}: {problem}" for problem in _reachable(service)}
        if "build" in service and not (root / service["build"]["dockerfile"]).is_file():
            found.add(f"{name}: there is no {service['build']['dockerfile']}")
    return sorted(found)


def resolved(text: str) -> str:
    """*text* with the defaults of its variables."""
    return INTERPOLATION.sub(lambda match: match[3], text).replace("$$", "$")


def _dependencies(service: Mapping[str, Any], services: Mapping[str, Any]) -> Iterator[str]:
    for other, how in service.get("depends_on", {}).items():
        target = services.get(other)
        if target is None:
            yield f"depends on {other}, which is no service"
            continue
        if how["condition"] == "service_healthy" and "healthcheck" not in target:
            yield f"waits for the health of {other}, which has no healthcheck"
        if how["condition"] == "service_completed_successfully" and target.get("restart") != "no":
            yield f"waits for the end of {other}, which is restarted when it ends"
        if target.get("profiles") and not set(service.get("profiles", ())) & set(target["profiles"]):
            yield f"depends on {other}, which only its profile starts"


def _volumes(service: Mapping[str, Any], declared: Mapping[str, Any], root: Path) -> Iterator[str]:
    for volume in service.get("volumes", ()):
        source = resolved(volume).split(":")[0]
        if source.startswith("."):
            if not (root / source).exists():
                yield f"mounts {source}, which does not exist"
        elif source not in declared:
            yield f"mounts the volume {source}, which is not declared"


def _environment(
    service: Mapping[str, Any], services: Mapping[str, Any], options: Mapping[str, Collection[str]]
) -> Iterator[str]:
    for variable, value in (service.get("environment") or {}).items():
        if match := OPTION.fullmatch(variable):
            section, option = match[1].lower(), match[2].lower()
            if option not in options.get(section, ()):
                yield f"{variable} is no option of Airflow"
        for host in HOST.findall(resolved(str(value))):
            if host not in services:
                yield f"{variable} leads to {host}, which is no service"


def _reachable(service: Mapping[str, Any]) -> Iterator[str]:
    for port in service.get("ports", ()):
        if not str(port).startswith("127.0.0.1:"):
            yield f"port {port} is open to the network"


def _unset(value: Any) -> Iterator[str]:
    """Variables without a default: compose would put nothing in their place."""
    if isinstance(value, str):
        yield from (f"${{{name}}} has no default" for name, default, _ in INTERPOLATION.findall(value) if not default)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _unset(item)
    elif isinstance(value, list):
        for item in value:
            yield from _unset(item)
