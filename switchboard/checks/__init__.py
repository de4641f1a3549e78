"""What `switchboard doctor` looks at, one file per part of the set-up; each check is a function that returns findings.

A check reads and never changes anything, says what it found in one sentence, and what to do where something is wrong.
"""
