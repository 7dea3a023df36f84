"""An evaluation or a test run in the formats that people and machines read, one file a format.

Rendering only: nothing here judges, prints or writes a file. Text from a project is data: each
format escapes it in its own way.
"""
