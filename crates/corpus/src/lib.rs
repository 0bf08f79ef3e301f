//! Corpora on disk: importers, exporters, splits, checks, statistics. No models.
