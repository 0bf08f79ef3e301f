//! Charts as SVG with the palette of the project. Knows numbers, not dialogues.
