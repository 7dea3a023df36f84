"""The headless face: stdout carries data, stderr carries talk.

Parses the command line, calls one workflow and prints its result. Decides nothing else.
"""
