//! Photographs with a label each, and the face that is found in them, split by person.

use std::path::Path;

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use smes_cues::face::detect::FaceDetector;
use smes_cues::face::{Grey, Square};
use smes_nn::NnError;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::augment::Wide;
use super::split::{Part, person};
use crate::{CorpusRef, Progress, TrainingError};

const IMAGES: &str = "images";
/// Photographs read between two reports of progress.
const CHUNK: usize = 64;
/// Faces that a network reads at once.
const READ_AT_ONCE: usize = 128;

/// A face that was found.
pub(crate) struct Photo<L, V> {
    /// File name.
    pub(crate) name: String,
    pub(crate) label: L,
    /// Where the face is, in pixels of the photograph.
    pub(crate) square: Square,
    pub(crate) view: V,
}

/// What is kept of a photograph.
pub(crate) trait View: Send {
    /// Of the face at a square, which is read with this side, in pixels.
    fn of(picture: &Grey, square: &Square, side: usize) -> Self;
}

/// The face as a network reads it.
impl View for Grey {
    fn of(picture: &Grey, square: &Square, side: usize) -> Self {
        picture.crop(square, side)
    }
}

/// The photographs of a folder, by part: those to learn from with their surroundings, which varied copies
/// are made of, and those to judge by as `V`.
pub(crate) struct Gallery<L, V> {
    pub(crate) train: Vec<Photo<L, Wide>>,
    pub(crate) validation: Vec<Photo<L, V>>,
    pub(crate) test: Vec<Photo<L, V>>,
    /// Those that are no JPEG files.
    pub(crate) n_unreadable: usize,
    /// Those in which no face was found.
    pub(crate) n_faceless: usize,
    /// Of the labels and all files.
    checksum: String,
}

/// What one photograph gave.
enum Read<L, V> {
    Unreadable,
    Faceless,
    Train(Photo<L, Wide>),
    Validation(Photo<L, V>),
    Test(Photo<L, V>),
}

/// Side of a face as a network reads it, in pixels and in sides of the detector's square.
type Crop = (usize, f32);

impl<L: Copy + Send + Sync, V: View> Gallery<L, V> {
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
            let read: Vec<(Vec<u8>, Read<L, V>)> = chunk
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

    fn take(&mut self, read: Read<L, V>) {
        match read {
            Read::Unreadable => self.n_unreadable += 1,
            Read::Faceless => self.n_faceless += 1,
            Read::Train(photo) => self.train.push(photo),
            Read::Validation(photo) => self.validation.push(photo),
            Read::Test(photo) => self.test.push(photo),
        }
    }
}

impl<L, V> Gallery<L, V> {
    /// Photographs in which a face was found.
    pub(crate) fn n_faces(&self) -> usize {
        self.train.len() + self.validation.len() + self.test.len()
    }

    /// Which photographs and labels, exactly.
    pub(crate) fn reference(&self, name: &str) -> CorpusRef {
        CorpusRef {
            name: name.to_owned(),
            checksum: self.checksum.clone(),
        }
    }
}

/// Whether a name is that of a file in a folder and does not lead elsewhere.
pub(crate) fn is_file_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\\'])
}

fn read_one<L, V: View>(
    folder: &Path,
    name: &str,
    label: L,
    crop: Crop,
    detector: &FaceDetector,
) -> Result<(Vec<u8>, Read<L, V>), TrainingError> {
    let bytes = fs_err::read(folder.join(IMAGES).join(name))?;
    let hash = Sha256::digest(&bytes).to_vec();
    let Some(picture) = decode(&bytes) else {
        return Ok((hash, Read::Unreadable));
    };
    let Some(found) = detector.portrait(&picture) else {
        return Ok((hash, Read::Faceless));
    };
    let photo = Photo {
        name: name.to_owned(),
        label,
        square: found.square,
        view: (),
    };
    let read = match Part::of_person(person(name)) {
        Part::Train => Read::Train(photo.seen(&picture, crop)),
        Part::Validation => Read::Validation(photo.seen(&picture, crop)),
        Part::Test => Read::Test(photo.seen(&picture, crop)),
    };
    Ok((hash, read))
}

impl<L> Photo<L, ()> {
    fn seen<V: View>(self, picture: &Grey, (side, margin): Crop) -> Photo<L, V> {
        Photo {
            view: V::of(picture, &self.square.grown(margin), side),
            name: self.name,
            label: self.label,
            square: self.square,
        }
    }
}

/// What a network reads of faces, so many at a time that memory stays bounded.
pub(crate) fn read_faces<'f, T>(
    faces: impl IntoIterator<Item = &'f Grey>,
    read: impl Fn(&[&Grey]) -> Result<Vec<T>, NnError>,
) -> Result<Vec<T>, NnError> {
    let faces: Vec<&Grey> = faces.into_iter().collect();
    let mut all = Vec::with_capacity(faces.len());
    for some in faces.chunks(READ_AT_ONCE) {
        all.extend(read(some)?);
    }
    Ok(all)
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
