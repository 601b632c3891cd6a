"""Faults: each changes one thing of the connector for notes, and tells which checks have to find it."""
import sys
import notes

FAULTS = {}


def found_by(*checks, shown_by=()):
    """The function below makes a connector faulty, and these checks find it and no others; some need others to run."""
    def keep(fault):
        FAULTS[fault.__name__] = (fault, {"found_by": checks, "shown_by": shown_by})
        return fault
    return keep


def instead_of(right):
    """The function below is called in the place of this one, which it gets as its first argument."""
    def put(wrong):
        def replaced(*arguments):
            return wrong(right, *arguments)
        setattr(sys.modules[right.__module__], right.__name__, replaced)
        for name, (run, *schemas) in notes.CAPABILITIES.items():
            if run is right:
                notes.CAPABILITIES[name] = (replaced, *schemas)
    return put
