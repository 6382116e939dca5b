"""Pictures and masks: bytes decoded, drawn and resized. Nothing here knows a network or a data set."""
