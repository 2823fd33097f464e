"""What a picture was made with, as other programs read it: an XMP packet (ISO 16684-1) in IPTC's and our own words.

The source types are IPTC's (cv.iptc.org/newscodes/digitalsourcetype), the AI fields those of its Photo Metadata
Standard 2025.1. A packet depends on what it says alone: no dates, so a frame that is made again has the same bytes.
"""

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape, unescape

PNG_KEY = "XML:com.adobe.xmp"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED = "trainedAlgorithmicMedia"  # made by a trained model
COMPOSITE = "compositeWithTrainedAlgorithmicMedia"  # pictures of the scene, and parts that a trained model made
ALGORITHMIC = "algorithmicMedia"  # by an algorithm that was trained on nothing
NAMESPACES = {
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "motionbridge": "urn:motion-bridge:provenance:1:",
}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def packet(fields: Mapping[str, str]) -> str:
    """A packet of properties with their prefixes, such as xmp:CreatorTool; empty ones are left out."""
    spaces = " ".join(f'xmlns:{prefix}="{space}"' for prefix, space in NAMESPACES.items())
    said = "".join(f"<{name}>{_text(value)}</{name}>" for name, value in fields.items() if value)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {spaces}>{said}</rdf:Description></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="r"?>'
    )


def fields(packet: str) -> dict[str, str]:
    """The properties of a packet as this module writes it; nothing of others is understood."""
    names = "|".join(NAMESPACES)
    found = re.findall(rf"<((?:{names}):\w+)>([^<]*)</\1>", packet)
    return {name: unescape(value) for name, value in found}


def _text(value: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", value))
