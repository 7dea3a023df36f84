"""Things that draw. A widget knows values and colours, never an engine call or another screen."""
