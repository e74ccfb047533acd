"""What happens at fork and at exit, the only place that registers with the interpreter; and what the interpreter itself has."""
