//! Requests in: route tables, guards, extractors and one renderer of problems per surface.
