//! Metrics, controls, significance and tables over prediction files. No tensors, no models.
