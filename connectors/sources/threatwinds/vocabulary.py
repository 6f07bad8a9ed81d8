"""The 129 entity types of ThreatWinds, each with the form its data type gives to values.

Source: go-sdk, entities/definitions.go. Types that are kinds of observable share their form with
every other source; `FORMER` names the types of the 2023 vocabulary that are gone since, which old
data may still show and whose rules nobody documents.
"""

from collections.abc import Mapping
from types import MappingProxyType

from connectors.observable import KINDS, Form
from connectors.observable.digest import MD5, SHA224, SHA256, SHA384, SHA512
from connectors.observable.email_address import EMAIL
from connectors.observable.number import INTEGER
from connectors.observable.text import CASED_TEXT, TEXT
from connectors.observable.url import URL
from connectors.sources.threatwinds.identifier import BASE64, FILE, HEXADECIMAL, UUID
from connectors.sources.threatwinds.pattern import REGEX
from connectors.sources.threatwinds.quantity import DATE, DATETIME, FLOAT
from connectors.sources.threatwinds.wording import ADVERSARY, MIME_TYPE, PATH, PHONE, PORT, TITLE

_NAMES: tuple[tuple[Form, str], ...] = (
    (ADVERSARY, "adversary group"),
    (BASE64, "base64 email-thread-index"),
    (
        CASED_TEXT,
        """
        breach-description btc chrome-extension-id command cookie dash dkim dkim-signature email
        email-header email-mime-boundary ffn flight id-number mobile-app-id passport password
        pgp-private-key pgp-public-key pnr redress-number ssh-banner ssh-fingerprint ssr value
        visa xmr zip-code
        """,
    ),
    (TITLE, "city country issuing-country"),
    (DATE, "breach-date date date-of-issue expiration-date"),
    (DATETIME, "datetime last-analysis"),
    (EMAIL, "eppn jabber-id"),
    (FLOAT, "accuracy-radius latitude longitude size-in-bytes"),
    (HEXADECIMAL, "authentihash cdhash certificate-fingerprint hex jarm-fingerprint"),
    (INTEGER, "aba-rtn bank-account-nr bin breach-count cc-number"),
    (MD5, "ja3-fingerprint"),
    (MIME_TYPE, "mime-type"),
    (PATH, "path"),
    (PHONE, "phone"),
    (PORT, "port"),
    (REGEX, "filename-pattern pattern-in-file pattern-in-memory pattern-in-traffic"),
    (SHA224, "sha3-224 sha512-224"),
    (SHA256, "sha512-256 payload"),
    (SHA384, "sha3-384"),
    (SHA512, "sha3-512"),
    (
        TEXT,
        """
        airport-name aso bic category cpe email-body email-display-name email-subject
        email-x-mailer filename iban issuer malware malware-family malware-type os
        postal-address process process-state prtn regkey text threat username whois-registrant
        whois-registrar windows-scheduled-task windows-service-displayname windows-service-name
        """,
    ),
    (
        URL,
        """
        facebook-profile file-data github-organization github-repository github-user link
        malware-sample profile-photo tiktok-profile twitter-profile
        """,
    ),
    (UUID, "breach"),
    (FILE, "file"),
)

OWN: Mapping[str, Form] = MappingProxyType({name: form for form, names in _NAMES for name in names.split()})
TYPES: Mapping[str, Form] = MappingProxyType({**KINDS, **OWN})
FORMER = frozenset(
    {
        "descriptor",
        "elastic-rule",
        "gene",
        "hassh-md5",
        "hasshserver-md5",
        "ja3-fingerprint-md5",
        "object",
        "ossec-rule",
        "snort-rule",
        "suricata-rule",
        "virustotal-report",
        "x509-fingerprint-md5",
        "x509-fingerprint-sha1",
        "x509-fingerprint-sha256",
        "yara-rule",
    }
)
