//! A stream of PPM pictures.
//!
//! Each picture says its own size, so the decoder need not know it beforehand. Only what ffmpeg's
//! `ppm` encoder writes is read: `P6`, width, height, `255`, one white space each, then RGB bytes.

use std::io::Read;

/// Pictures of one size.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pictures {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// RGB bytes of each.
    pub(crate) frames: Vec<Vec<u8>>,
}

impl Pictures {
    /// Keeps a picture of the size of those before it.
    pub(crate) fn keep(&mut self, (width, height): (u32, u32), rgb: Vec<u8>) {
        (self.width, self.height) = (width, height);
        self.frames.push(rgb);
    }
}

/// Hands out pictures, each with its width and height, until the end, until `limit` of them, or until
/// something that is not a whole picture of the first one's size and of at most `max_bytes`. Returns
/// how many there were.
pub(crate) fn read_pictures(
    source: &mut impl Read,
    limit: usize,
    max_bytes: u64,
    mut on_picture: impl FnMut((u32, u32), Vec<u8>),
) -> usize {
    let mut first = None;
    for n_read in 0..limit {
        let Some(size @ (width, height)) = read_header(source) else {
            return n_read;
        };
        let bytes = (u64::from(width) * u64::from(height)).saturating_mul(3);
        if bytes == 0 || bytes > max_bytes || first.is_some_and(|first| first != size) {
            return n_read;
        }
        first = Some(size);
        let mut rgb = Vec::new();
        match source.take(bytes).read_to_end(&mut rgb) {
            Ok(read) if read as u64 == bytes => on_picture(size, rgb),
            _ => return n_read,
        }
    }
    limit
}

fn read_header(source: &mut impl Read) -> Option<(u32, u32)> {
    if read_word(source)? != "P6" {
        return None;
    }
    let width = read_word(source)?.parse().ok()?;
    let height = read_word(source)?.parse().ok()?;
    (read_word(source)? == "255").then_some((width, height))
}

/// The bytes up to the next white space, which is taken too.
fn read_word(source: &mut impl Read) -> Option<String> {
    let mut word = String::new();
    let mut byte = [0];
    loop {
        source.read_exact(&mut byte).ok()?;
        match byte[0] {
            b' ' | b'\n' => return Some(word),
            byte if word.len() < 10 => word.push(char::from(byte)),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stream(sizes: &[(u32, u32)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (i, (w, h)) in sizes.iter().enumerate() {
            bytes.extend(format!("P6\n{w} {h}\n255\n").bytes());
            bytes.extend(vec![u8::try_from(i).unwrap(); (w * h * 3) as usize]);
        }
        bytes
    }

    fn kept(mut source: &[u8], limit: usize, max_bytes: u64) -> Pictures {
        let mut pictures = Pictures::default();
        let n_read = read_pictures(&mut source, limit, max_bytes, |size, rgb| {
            pictures.keep(size, rgb);
        });
        assert_eq!(n_read, pictures.frames.len());
        pictures
    }

    #[test]
    fn reads_whole_pictures_and_leaves_out_a_cut_one() {
        let bytes = stream(&[(4, 2), (4, 2), (4, 2)]);
        let pictures = kept(&bytes[..bytes.len() - 1], 9, 1_000);
        assert_eq!((pictures.width, pictures.height), (4, 2));
        assert_eq!(pictures.frames, [vec![0; 24], vec![1; 24]]);
    }

    #[test]
    fn stops_at_the_limit_at_a_change_of_size_and_at_a_huge_picture() {
        let bytes = stream(&[(4, 2), (4, 2), (2, 4)]);
        assert_eq!(kept(&bytes, 1, 1_000).frames.len(), 1);
        assert_eq!(kept(&bytes, 9, 1_000).frames.len(), 2);
        assert_eq!(kept(&bytes, 9, 23).frames.len(), 0);
        let boast = b"P6\n4294967295 4294967295\n255\nx";
        assert_eq!(kept(boast, 9, 1 << 30), Pictures::default());
    }

    proptest! {
        #[test]
        fn never_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            kept(&bytes, 3, 1_000);
            let mut headed = b"P6\n3 1\n255\n".to_vec();
            headed.extend(&bytes);
            prop_assert_eq!(kept(&headed, 1, 1_000).frames.len(), usize::from(bytes.len() >= 9));
        }
    }
}
