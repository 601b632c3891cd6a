#!/usr/bin/env python3
"""The connector for notes with everything that the kit looks at: OAuth and syncs too."""
import sys
import notes, oauth, sync

if __name__ == "__main__":
    sys.exit(notes.main(sys.argv[1:]))
