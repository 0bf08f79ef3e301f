//! Photographs of faces with an expression each: `labels.csv` (`image,emotion`) and `images/`.

use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use smes_cues::face::detect::FaceDetector;
use smes_cues::face::{Grey, Square};
use smes_dialogue::{EmotionSet, face_expressions};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::augment::Wide;
use super::recipe::FaceShape;
use super::split::{Part, person};
use crate::{CorpusRef, Progress, TrainingError};

const LABELS: &str = "labels.csv";
const IMAGES: &str = "images";
/// Photographs read between two reports of progress.
const CHUNK: usize = 64;

/// A face that was found.
pub(super) struct Photo {
    /// File name.
    pub(super) name: String,
    /// Index in the set of expressions.
    pub(super) expression: usize,
    /// Where the face is, in pixels of the photograph.
    pub(super) square: Square,
    /// The face as the network reads it.
    pub(super) face: Grey,
    /// The same with its surroundings; of training faces only.
    pub(super) wide: Option<Wide>,
}

/// All photographs of a folder, by part.
pub(super) struct Photos {
    pub(super) expressions: EmotionSet,
    pub(super) train: Vec<Photo>,
    pub(super) validation: Vec<Photo>,
    pub(super) test: Vec<Photo>,
    pub(super) counts: PhotoCounts,
    pub(super) reference: CorpusRef,
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

/// What one photograph gave.
enum Read {
    Unreadable,
    Faceless,
    Face(Part, Photo),
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
        let detector = FaceDetector::embedded()?;
        let mut photos = Self {
            train: Vec::new(),
            validation: Vec::new(),
            test: Vec::new(),
            counts: PhotoCounts {
                listed: n_listed,
                other_label: n_listed - listed.len(),
                ..PhotoCounts::default()
            },
            reference: CorpusRef {
                name: "faces".to_owned(),
                checksum: String::new(),
            },
            expressions,
        };
        let mut checksum = Sha256::new();
        checksum.update(&labels);
        progress.begin("finding faces", listed.len() as u64);
        for chunk in listed.chunks(CHUNK) {
            let read: Vec<(Vec<u8>, Read)> = chunk
                .par_iter()
                .map(|(name, expression)| read_one(folder, name, *expression, shape, &detector))
                .collect::<Result<_, _>>()?;
            for (hash, read) in read {
                checksum.update(hash);
                photos.take(read);
            }
            progress.advance(chunk.len() as u64);
        }
        progress.end();
        photos.reference.checksum = checksum
            .finalize()
            .iter()
            .fold("sha256:".to_owned(), |text, byte| {
                text + &format!("{byte:02x}")
            });
        photos.check(folder)?;
        Ok(photos)
    }

    fn take(&mut self, read: Read) {
        match read {
            Read::Unreadable => self.counts.unreadable += 1,
            Read::Faceless => self.counts.faceless += 1,
            Read::Face(Part::Train, photo) => self.train.push(photo),
            Read::Face(Part::Validation, photo) => self.validation.push(photo),
            Read::Face(Part::Test, photo) => self.test.push(photo),
        }
    }

    fn check(&self, folder: &Path) -> Result<(), TrainingError> {
        let has = |photos: &[Photo], expression| photos.iter().any(|p| p.expression == expression);
        let parts = [&self.train, &self.validation, &self.test];
        let is_there = |expression| parts.iter().all(|part| has(part, expression));
        if (0..self.expressions.len()).all(is_there) {
            return Ok(());
        }
        Err(TrainingError::FewPhotos {
            folder: folder.to_owned(),
            n_faces: parts.iter().map(|part| part.len()).sum(),
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
        // A name that leads elsewhere is no name of a photograph.
        if name.is_empty() || name.contains(['/', '\\']) {
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

fn read_one(
    folder: &Path,
    name: &str,
    expression: usize,
    shape: &FaceShape,
    detector: &FaceDetector,
) -> Result<(Vec<u8>, Read), TrainingError> {
    let bytes = fs_err::read(folder.join(IMAGES).join(name))?;
    let hash = Sha256::digest(&bytes).to_vec();
    let Some(picture) = decode(&bytes) else {
        return Ok((hash, Read::Unreadable));
    };
    let Some(found) = detector.portrait(&picture) else {
        return Ok((hash, Read::Faceless));
    };
    let part = Part::of_person(person(name));
    let square = found.square.grown(shape.margin);
    let is_varied = part == Part::Train;
    let photo = Photo {
        name: name.to_owned(),
        expression,
        square: found.square,
        face: picture.crop(&square, shape.side),
        wide: is_varied.then(|| Wide::of(&picture, &square, shape.side)),
    };
    Ok((hash, Read::Face(part, photo)))
}

/// The luma of a JPEG file.
fn decode(bytes: &[u8]) -> Option<Grey> {
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let pixels = decoder.decode().ok()?;
    let (width, height) = decoder.dimensions()?;
    Grey::new(width, height, pixels)
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

    #[test]
    fn what_is_no_jpeg_file_is_no_picture() {
        assert!(decode(b"RIFF0000WEBP").is_none());
        assert!(decode(&[0xff, 0xd8, 0xff]).is_none());
        assert!(decode(&[]).is_none());
    }
}
