"""The presets that come with daw_bridge: YAML files, read by `daw_bridge.presets`."""
