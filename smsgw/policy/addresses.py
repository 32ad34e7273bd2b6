"""Where webhooks may be: what an address must look like, and which networks are private."""

import ipaddress
from urllib.parse import urlsplit

from smsgw.errors import Text

_LONGEST = 2_048
_SPACE = Text("в нём есть пробел или управляющий символ", "it holds a space or a control character")
_NO_PORT = Text("порт не число от 1 до 65535", "its port is no number from 1 to 65535")
_PRIVATE = Text(
    "он в частной сети, а это запрещено настройкой [webhooks] refuse_private",
    "it is in a private network, which [webhooks] refuse_private forbids",
)


def wrong_with_url(url: str, *, refuse_private: bool) -> Text | None:
    """Tell what is wrong with the address of a webhook; whatever a host name stands for is seen when it is used."""
    if len(url) > _LONGEST:
        return Text(f"он длиннее {_LONGEST} символов", f"it is longer than {_LONGEST} characters")
    if any(character.isspace() or not character.isprintable() for character in url):
        return _SPACE
    try:
        parts = urlsplit(url)
        is_port_wrong = parts.port == 0
    except ValueError:
        return _NO_PORT
    if is_port_wrong:
        return _NO_PORT
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return Text(f"передано «{url[:40]}»", f"“{url[:40]}” was given")
    if parts.username is not None:
        return Text("имя и пароль передавайте в headers", "name and password belong into headers")
    if parts.fragment:
        return Text("часть после # не передаётся", "what follows # is never sent")
    return _PRIVATE if refuse_private and is_private(parts.hostname) else None


def is_private(host: str) -> bool:
    """Tell whether `host` is an address outside the public networks, or a name that stands for one by itself."""
    if host.lower().rstrip(".").split(".")[-1] in ("localhost", "local", "internal"):
        return True
    try:
        address = ipaddress.ip_address(host.split("%")[0])
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return not (mapped or address).is_global
