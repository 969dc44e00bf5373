"""Where the Core Rule Set lies: it is not fetched, and never in the tree."""

import os
import pathlib


def find():
    """The newest there is where it is looked for: in `PORTCULLIS_CRS`, or beside the checkout."""
    checkout = pathlib.Path(__file__).resolve().parents[1]
    place = pathlib.Path(os.environ.get("PORTCULLIS_CRS", checkout.parent / "shared/crs"))
    for root in [place, *sorted(place.glob("*"), reverse=True)]:
        if (root / "crs-setup.conf.example").exists() and (root / "rules").is_dir():
            return root
    raise SystemExit(f"bench: no Core Rule Set in {place}; PORTCULLIS_CRS names its directory")
