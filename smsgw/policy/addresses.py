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
# Compatible, mapped and translated (NAT64) addresses end in one of IPv4: RFC 4291 §2.5.5, RFC 2765 §2.1, RFC 6052 §2.1.
_OF_IPV4 = tuple(map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96")))


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
    if isinstance(address, ipaddress.IPv4Address):
        return not address.is_global
    within = _within(address)
    return not (within or address).is_global or address.is_site_local


def _within(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that an IPv6 address leads to by itself, or through a translator."""
    if any(address in network for network in _OF_IPV4):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour
