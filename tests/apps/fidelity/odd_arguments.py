"""Parses arguments that a launcher could mistake for its own."""

import argparse
import sys

print(sys.argv[1:], sys.orig_argv[1:], sys.flags.optimize, sys.warnoptions)
parser = argparse.ArgumentParser(prog="odd")
parser.add_argument("--profile")
parser.add_argument("--to", nargs="*")
parser.add_argument("-c", action="count")
parser.add_argument("rest", nargs="*")
print(parser.parse_args())
