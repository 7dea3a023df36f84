"""Changes, impacts and blast radii in the formats that people and machines read, one file a format.

Rendering only: nothing here judges, prints or writes a file. Text from outside is data: each
format escapes it in its own way, and values that look like secrets are never shown.
"""
