"""A program that records nothing. Not a test."""
