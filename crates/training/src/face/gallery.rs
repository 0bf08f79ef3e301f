//! Photographs with a label each, and the face that is found in them, split by person.

use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use smes_cues::face::detect::FaceDetector;
use smes_cues::face::{Grey, Square};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::augment::Wide;
use super::split::{Part, person};
use crate::{Progress, TrainingError};

const IMAGES: &str = "images";
/// Photographs read between two reports of progress.
const CHUNK: usize = 64;

/// A face that was found.
pub(crate) struct Photo<L> {
    /// File name.
    pub(crate) name: String,
    pub(crate) label: L,
    /// Where the face is, in pixels of the photograph.
    pub(crate) square: Square,
    /// The face as the network reads it.
    pub(crate) face: Grey,
    /// The same with its surroundings.
    pub(crate) wide: Wide,
}

/// The photographs of a folder, by part.
pub(crate) struct Gallery<L> {
    pub(crate) train: Vec<Photo<L>>,
    pub(crate) validation: Vec<Photo<L>>,
    pub(crate) test: Vec<Photo<L>>,
    /// Those that are no JPEG files.
    pub(crate) n_unreadable: usize,
    /// Those in which no face was found.
    pub(crate) n_faceless: usize,
    /// Of the labels and all files.
    pub(crate) checksum: String,
}

/// What one photograph gave.
enum Read<L> {
    Unreadable,
    Faceless,
    Face(Part, Photo<L>),
}

/// Side of a face as a network reads it, in pixels and in sides of the detector's square.
type Crop = (usize, f32);

impl<L: Copy + Send + Sync> Gallery<L> {
    /// Reads the photographs that are listed, of `folder/images`. `labels` is the text they are listed in.
    pub(crate) fn read(
        folder: &Path,
        labels: &str,
        listed: &[(String, L)],
        crop: Crop,
        progress: &mut dyn Progress,
    ) -> Result<Self, TrainingError> {
        let detector = FaceDetector::embedded()?;
        let mut gallery = Self {
            train: Vec::new(),
            validation: Vec::new(),
            test: Vec::new(),
            n_unreadable: 0,
            n_faceless: 0,
            checksum: String::new(),
        };
        let mut checksum = Sha256::new();
        checksum.update(labels);
        progress.begin("finding faces", listed.len() as u64);
        for chunk in listed.chunks(CHUNK) {
            let read: Vec<(Vec<u8>, Read<L>)> = chunk
                .par_iter()
                .map(|(name, label)| read_one(folder, name, *label, crop, &detector))
                .collect::<Result<_, _>>()?;
            for (hash, read) in read {
                checksum.update(hash);
                gallery.take(read);
            }
            progress.advance(chunk.len() as u64);
        }
        progress.end();
        gallery.checksum = checksum
            .finalize()
            .iter()
            .fold("sha256:".to_owned(), |text, byte| {
                text + &format!("{byte:02x}")
            });
        Ok(gallery)
    }

    fn take(&mut self, read: Read<L>) {
        match read {
            Read::Unreadable => self.n_unreadable += 1,
            Read::Faceless => self.n_faceless += 1,
            Read::Face(Part::Train, photo) => self.train.push(photo),
            Read::Face(Part::Validation, photo) => self.validation.push(photo),
            Read::Face(Part::Test, photo) => self.test.push(photo),
        }
    }
}

/// Whether a name is that of a file in a folder and does not lead elsewhere.
pub(crate) fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\'])
}

fn read_one<L>(
    folder: &Path,
    name: &str,
    label: L,
    (side, margin): Crop,
    detector: &FaceDetector,
) -> Result<(Vec<u8>, Read<L>), TrainingError> {
    let bytes = fs_err::read(folder.join(IMAGES).join(name))?;
    let hash = Sha256::digest(&bytes).to_vec();
    let Some(picture) = decode(&bytes) else {
        return Ok((hash, Read::Unreadable));
    };
    let Some(found) = detector.portrait(&picture) else {
        return Ok((hash, Read::Faceless));
    };
    let square = found.square.grown(margin);
    let photo = Photo {
        name: name.to_owned(),
        label,
        square: found.square,
        face: picture.crop(&square, side),
        wide: Wide::of(&picture, &square, side),
    };
    Ok((hash, Read::Face(Part::of_person(person(name)), photo)))
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
    fn what_is_no_jpeg_file_is_no_picture() {
        assert!(decode(b"RIFF0000WEBP").is_none());
        assert!(decode(&[0xff, 0xd8, 0xff]).is_none());
        assert!(decode(&[]).is_none());
    }
}
