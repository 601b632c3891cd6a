#!/usr/bin/env python3
"""The connector for notes with the fault that the first argument names; without any, the faults that there are."""
import json, sys
import faults_of_calls, faults_of_oauth, faults_of_surroundings, faults_of_sync, notes
from fault import FAULTS


def main(fault=None, *words):
    if fault is None:
        print(json.dumps({name: told for name, (_, told) in FAULTS.items()}))
        return 0
    if words[:1] != ("sandbox",):
        FAULTS[fault][0]()
    return notes.main(list(words))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
