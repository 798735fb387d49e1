"""Looking for secrets in all that a run leaves behind, however they are written."""
import base64
import pathlib
import re
import urllib.parse


def forms(secret):
    """The ways in which a secret may stand in a text, by name."""
    raw = secret.encode()
    quoted = urllib.parse.quote(secret, safe="")
    found = {"raw": secret, "percent-encoded": quoted,
             "percent-encoded in lower case": re.sub("%..", lambda m: m[0].lower(), quoted),
             "in JSON of PHP": secret.replace("/", "\\/"), "in hexadecimal": raw.hex(), "backwards": secret[::-1]}
    for offset in range(3):
        # Somewhere inside base64 of something longer: what depends on the neighbours is left out.
        text = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        inner = text[(0, 2, 3)[offset]:len(text) - 1]
        found[f"in base64 at {offset}"] = inner
        found[f"in base64 of URLs at {offset}"] = inner.replace("+", "-").replace("/", "_")
    return found


def leaks(secrets, places):
    """(secret, form, place) for each that was found; `secrets` and `places` are dictionaries of texts."""
    return [(name, form, place)
            for name, secret in secrets.items() for form, text in forms(secret).items()
            for place, content in places.items() if text in content]


def process_list():
    """The command lines and, where they can be read, the environments of all processes."""
    lines = []
    for directory in pathlib.Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                lines.append((directory / name).read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                pass  # it ended, or is not ours to read
    return "\n".join(lines)
