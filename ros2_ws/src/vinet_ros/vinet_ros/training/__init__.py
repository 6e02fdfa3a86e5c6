"""Training: data, augmentation, losses and the Lightning module."""
