"""Believable values for each entity type, made up from words and numbers, already normalised."""

import ipaddress
from collections.abc import Callable, Mapping
from random import Random

from connectors.sandbox.threatwinds.entity import Plain


def words(text: str, separator: str | None = None) -> tuple[str, ...]:
    """Return the parts of a text: far easier to read and edit than hundreds of literals."""
    return tuple(text.split(separator))


QUALITIES = words(
    "amber ashen bitter blue brisk broken calm carved cold copper crimson dim distant double dry dusty early"
    " empty faint fallen first flat frozen gilded glass golden gray green hidden hollow idle inner iron late"
    " little lone long lost lunar marble mellow misty narrow new night noble north old open outer pale paper"
    " plain quick quiet rapid red royal rusty salty second secret sharp silent silver slow small smooth solar"
    " south steady still stone sunny tall third tidal tiny upper velvet violet warm western white wild winter"
)
THINGS = words(
    "anchor archive arrow basin beacon bridge brook canyon castle cedar cipher circuit cliff cloud compass"
    " coral corner crane creek delta depot desert dock dune ember engine falcon ferry field forge fox"
    " gallery garden gate glacier granite grove harbor hawk heron hill island ivy junction kestrel lagoon"
    " lantern leaf ledger lily lynx maple market meadow mill mirror moth oak orbit orchard otter owl panel"
    " pebble pine pixel planet pond portal quarry raven reef relay ridge river rocket root sail shore signal"
    " spark spruce station stream summit temple thicket tower trail tunnel valley vault vessel village wolf"
)
ENDINGS = words("com net org info biz ru cn co.uk de com.br in top xyz io kz")
PLATFORMS = words("win linux osx android doc pdf html js unix php")
BREEDS = words(
    "adware agent backdoor banker bot browser clicker coinminer downloader dropper exploit infostealer"
    " keylogger loader malware packed phishing ransomware rootkit spyware trojan virus worm"
)
COUNTRIES = words(
    "Argentina,Australia,Austria,Belgium,Brazil,Bulgaria,Canada,Chile,China,Colombia,Cuba,Czechia,Denmark,"
    "Egypt,Estonia,Finland,France,Germany,Greece,Hong Kong,Hungary,India,Indonesia,Iran,Ireland,Israel,Italy,"
    "Japan,Kazakhstan,Latvia,Lithuania,Mexico,Moldova,Morocco,Netherlands,Nigeria,Norway,Panama,Poland,"
    "Portugal,Romania,Russia,Serbia,Seychelles,Singapore,South Africa,South Korea,Spain,Sweden,Switzerland,"
    "Taiwan,Thailand,Tunisia,Turkey,Ukraine,United Kingdom,United States,Uruguay,Venezuela,Vietnam",
    ",",
)
SERVICES = words("20 21 22 23 25 53 80 110 123 135 139 143 389 445 465 502 587 993 995 1433 1521 1723")
FOLDERS = words("/tmp /var/tmp /usr/local/bin /etc/cron.d c:\\windows\\temp c:\\programdata /dev/shm")  # noqa: S108 - text
SUFFIXES = words("exe dll js vbs docm xlsm pdf zip sh apk lnk iso ps1")
PROGRAMS = words("svchost powershell rundll32 regsvr32 mshta wscript cmd bash curl certutil")
AGENCIES = words("registry domains registrar names hosting")
# The neighbors of the giant live in this block; no other address of the world does.
GIANT_BLOCK = ipaddress.ip_network("45.0.0.0/8")


def pick_word(random: Random) -> str:
    """Return a compound such as "paperlantern"."""
    return random.choice(QUALITIES) + random.choice(THINGS)


def make_domain(random: Random) -> str:
    """Return a registered-looking name."""
    middle = random.choice(("", "", "", "-", str(random.randrange(2, 100))))
    return f"{random.choice(QUALITIES)}{middle}{random.choice(THINGS)}.{random.choice(ENDINGS)}"


def make_ip(random: Random) -> str:
    """Return a public address, one in twelve of version 6."""
    if random.randrange(12) == 0:
        return str(ipaddress.IPv6Address((0x2A01 << 112) + random.getrandbits(80)))
    while True:
        address = ipaddress.IPv4Address(random.getrandbits(32))
        if address.is_global and not address.is_multicast and address not in GIANT_BLOCK:
            return str(address)


def make_cidr(random: Random) -> str:
    """Return the network around a public version 4 address."""
    while ":" in (address := make_ip(random)):
        pass
    return str(ipaddress.ip_network(f"{address}/{random.choice((16, 19, 20, 22, 24))}", strict=False))


def make_url(random: Random) -> str:
    """Return an absolute address; its path keeps its case, and a few hold a colon, a query or a hash sign."""
    host = random.choice((make_domain, make_domain, make_domain, make_ip))(random)
    host = f"[{host}]" if ":" in host else host
    tail = random.choice(("", "", "", "?id=%d", "?next=http%%3a//a.b/&n=%d", "%%23part-%d", ":%d/x"))
    tail = tail % random.randrange(9999) if tail else tail
    name = f"{pick_word(random).title()}.{random.choice(SUFFIXES)}"
    return f"http{random.choice(('', 's'))}://{host}/{random.choice(THINGS)}/{name}{tail}"


def make_malware(random: Random) -> str:
    """Return a detection name such as "win dropper paperlantern"."""
    return f"{random.choice(PLATFORMS)} {random.choice(BREEDS)} {pick_word(random)}"


def make_path(random: Random) -> str:
    """Return a path on some machine, in lower case."""
    folder = random.choice(FOLDERS)
    joint = "\\" if "\\" in folder else "/"
    return f"{folder}{joint}{pick_word(random)}.{random.choice(SUFFIXES)}"


def make_hex(digits: int) -> Callable[[Random], str]:
    """Return a maker of hex texts of this length."""
    return lambda random: f"{random.getrandbits(digits * 4):0{digits}x}"


def make_mac(random: Random) -> str:
    """Return a hardware address, upper case with hyphens."""
    return "-".join(f"{octet:02X}" for octet in random.randbytes(6))


def make_email(random: Random) -> str:
    """Return an address on a made-up domain."""
    return f"{random.choice(THINGS)}.{random.choice(QUALITIES)}@{make_domain(random)}"


MAKERS: Mapping[str, Callable[[Random], Plain]] = {
    "adversary": lambda r: f"{r.choice(QUALITIES).title()} {r.choice(THINGS).title()}",
    "aso": lambda r: f"{pick_word(r)} {r.choice(('telecom', 'networks', 'hosting', 'cloud'))}",
    "asn": lambda r: r.randrange(10_000, 400_000),
    "certificate-fingerprint": make_hex(40),
    "cidr": make_cidr,
    "city": lambda r: f"{r.choice(('Port', 'San', 'New', 'Bad', 'Mount'))} {r.choice(THINGS).title()}",
    "command": lambda r: f"{r.choice(PROGRAMS)} -c {pick_word(r).title()} --port {r.randrange(1024, 65536)}",
    "country": lambda r: r.choice(COUNTRIES),
    "cpe": lambda r: (
        f"cpe:2.3:a:{r.choice(THINGS)}:{pick_word(r)}:{r.randrange(9)}.{r.randrange(20)}:*:*:*:*:*:*:*"
    ),
    "cve": lambda r: f"cve-{r.randrange(2015, 2024)}-{r.randrange(1000, 49999)}",
    "domain": make_domain,
    "email": lambda r: f"Subject: {r.choice(QUALITIES).title()} invoice {r.randrange(9999)}",
    "email-address": make_email,
    "email-subject": lambda r: f"your {r.choice(QUALITIES)} {r.choice(THINGS)} order {r.randrange(9999)}",
    "file": make_hex(32),
    "filename": lambda r: f"{r.choice(QUALITIES)}_{r.choice(THINGS)}.{r.choice(SUFFIXES)}",
    "hostname": lambda r: f"{r.choice(THINGS)}{r.randrange(1, 40)}.{make_domain(r)}",
    "ip": make_ip,
    "ja3-fingerprint": make_hex(32),
    "mac-address": make_mac,
    "malware": make_malware,
    "malware-family": pick_word,
    "malware-type": lambda r: r.choice(BREEDS),
    "md5": make_hex(32),
    "mime-type": lambda r: f"application/x-{r.choice(THINGS)}",
    "os": lambda r: f"{r.choice(('windows', 'ubuntu', 'debian', 'android', 'macos'))} {r.randrange(4, 24)}",
    "path": make_path,
    "phone": lambda r: f"+{r.randrange(20, 99)}{r.randrange(10**8, 10**9)}",
    "port": lambda r: (
        f"{r.choice((*SERVICES, str(r.randrange(1024, 65536))))}/{r.choice(('tcp', 'tcp', 'udp'))}"
    ),
    "process": lambda r: f"{r.choice((*PROGRAMS, pick_word(r)))}.{r.choice(('exe', 'bin'))}",
    "regkey": lambda r: f"hklm\\software\\{pick_word(r)}\\currentversion\\run",
    "sha1": make_hex(40),
    "sha256": make_hex(64),
    "threat": lambda r: f"{r.choice(QUALITIES)} {r.choice(THINGS)} campaign on {make_email(r)}",
    "url": make_url,
    "username": lambda r: f"{r.choice(THINGS)}{r.randrange(1000)}",
    "whois-registrar": lambda r: f"{pick_word(r)} {r.choice(AGENCIES)} llc",
    "windows-service-name": lambda r: f"{pick_word(r)}svc",
}
