"""The tour: the daemon in a child process, played over OSC for a minute; its take measured and drawn."""
