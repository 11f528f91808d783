"""Whether the bundled model does what it is asked, judged by trackers that share no code with its corpus."""
