"""What every picture file says of its origin, so that machines can tell it from a photograph.

It is an XMP packet with IPTC's `DigitalSourceType`, for Pillow's `xmp` and for the text of a PNG under `PNG_KEY`. It is
the same bytes for every picture: files stay named by what they show, and a repainted picture is equal to the byte.
No pixel of a picture that somebody brought stays in one that is painted from it, so that none is a composite.

Source: IPTC Photo Metadata Standard 2025.1, Digital Source Type; https://cv.iptc.org/newscodes/digitalsourcetype/
"""

from __future__ import annotations

DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""The picture was made by a model that was trained on examples."""

CREATOR_TOOL = "Easel"
PNG_KEY = "XML:com.adobe.xmp"

PROVENANCE_TEXT = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    f' xmp:CreatorTool="{CREATOR_TOOL}" Iptc4xmpExt:DigitalSourceType="{DIGITAL_SOURCE_TYPE}"/>'
    '</rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)
PROVENANCE = PROVENANCE_TEXT.encode()
