"""The commands of `saycraft`, a file for each kind; every heavy import waits until its command needs it."""
