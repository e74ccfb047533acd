"""A profile: from the YAML text of OpenTelemetry's declarative configuration to one frozen ``Profile``.

``source`` finds the text, ``nodes`` reads YAML with positions, ``substitute`` resolves ``${VAR}``, ``reader`` makes the
model and all complaints, ``precedence`` applies the command line and the standard variables, ``handoff`` carries it over.
Only ``model`` and ``handoff`` are ever imported in the program.
"""
