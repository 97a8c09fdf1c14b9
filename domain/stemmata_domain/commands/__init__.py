"""The commands: what a caller may ask for, each with the rules that decide it.

A command names things as its caller knows them; it finds them by claims, so that it depends on the log
alone and on no view.
"""
