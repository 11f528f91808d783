"""Codec trainings compared under equal conditions; `python -m genmodels.training.ablation`."""
