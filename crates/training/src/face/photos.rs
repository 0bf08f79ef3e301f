//! Photographs of faces with an expression each: `labels.csv` (`image,emotion`) and `images/`.

use std::path::Path;

use smes_cues::face::Grey;
use smes_dialogue::{EmotionSet, face_expressions};

use super::gallery::{Gallery, Photo, is_file_name};
use super::recipe::FaceShape;
use crate::{Progress, TrainingError};

const LABELS: &str = "labels.csv";

/// All photographs of a folder.
pub(super) struct Photos {
    pub(super) expressions: EmotionSet,
    /// Each with the index of its expression in the set.
    pub(super) gallery: Gallery<usize, Grey>,
    pub(super) counts: PhotoCounts,
}

/// What became of the photographs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhotoCounts {
    /// Named by `labels.csv`.
    pub listed: usize,
    /// With a label that the model does not know.
    pub other_label: usize,
    /// That are no JPEG files.
    pub unreadable: usize,
    /// In which no face was found.
    pub faceless: usize,
}

impl Photos {
    /// Reads a folder.
    pub(super) fn read(
        folder: &Path,
        shape: &FaceShape,
        progress: &mut dyn Progress,
    ) -> Result<Self, TrainingError> {
        let expressions = face_expressions();
        let labels = fs_err::read_to_string(folder.join(LABELS))?;
        let (listed, n_listed) = parse_labels(&labels, &expressions, folder)?;
        let n_other = n_listed - listed.len();
        let crop = (shape.side, shape.margin);
        let gallery = Gallery::read(folder, &labels, &listed, crop, progress)?;
        let photos = Self {
            expressions,
            counts: PhotoCounts {
                listed: n_listed,
                other_label: n_other,
                unreadable: gallery.n_unreadable,
                faceless: gallery.n_faceless,
            },
            gallery,
        };
        photos.check(folder)?;
        Ok(photos)
    }

    fn check(&self, folder: &Path) -> Result<(), TrainingError> {
        fn has<V>(photos: &[Photo<usize, V>], expression: usize) -> bool {
            photos.iter().any(|photo| photo.label == expression)
        }
        let Gallery {
            train,
            validation,
            test,
            ..
        } = &self.gallery;
        let is_everywhere = |at: usize| has(train, at) && has(validation, at) && has(test, at);
        if (0..self.expressions.len()).all(is_everywhere) {
            return Ok(());
        }
        Err(TrainingError::FewPhotos {
            folder: folder.to_owned(),
            n_faces: self.gallery.n_faces(),
        })
    }
}

type Listed = Vec<(String, usize)>;

/// The photographs with a label of the set, and how many are listed at all.
fn parse_labels(
    text: &str,
    expressions: &EmotionSet,
    folder: &Path,
) -> Result<(Listed, usize), TrainingError> {
    let mut listed = Vec::new();
    let mut n_listed = 0;
    for (idx, line) in text.lines().enumerate().skip(1) {
        let bad = || TrainingError::PhotoLabel {
            path: folder.join(LABELS),
            line: idx + 1,
        };
        let (name, label) = line.split_once(',').ok_or_else(bad)?;
        if !is_file_name(name) {
            return Err(bad());
        }
        n_listed += 1;
        let known = expressions.parse(label.trim()).ok();
        if let Some(expression) = known.and_then(|label| expressions.index_of(&label)) {
            listed.push((name.to_owned(), expression));
        }
    }
    Ok((listed, n_listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_others_counted_and_a_bad_line_is_named() {
        let set = face_expressions();
        let text = "image,emotion\na_1.jpg,neutral\nb_1.jpg,contempt\nc_2.jpg,disgust\n";
        let (listed, n_listed) = parse_labels(text, &set, Path::new("faces")).unwrap();
        let expected = [("a_1.jpg".to_owned(), 0), ("c_2.jpg".to_owned(), 5)];
        assert_eq!((listed.as_slice(), n_listed), (&expected[..], 3));
        for bad in ["image,emotion\nno comma", "image,emotion\n../x.jpg,neutral"] {
            let error = parse_labels(bad, &set, Path::new("faces"))
                .unwrap_err()
                .to_string();
            assert!(error.contains("line 2"), "{error}");
        }
    }
}
