"""A demo company to look around in: the same rows every time, dated back from today."""
