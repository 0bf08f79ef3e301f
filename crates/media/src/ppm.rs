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

/// Reads pictures until the end, until `limit` of them, or until something that is not a whole
/// picture of the first one's size and of at most `max_bytes`. `see` is called after each with
/// all so far.
pub(crate) fn read_pictures(
    source: &mut impl Read,
    limit: usize,
    max_bytes: u64,
    mut see: impl FnMut(&Pictures),
) -> Pictures {
    let mut pictures = Pictures::default();
    while pictures.frames.len() < limit {
        let Some((width, height)) = read_header(source) else {
            break;
        };
        let bytes = (u64::from(width) * u64::from(height)).saturating_mul(3);
        let same = (pictures.width, pictures.height) == (width, height);
        if bytes == 0 || bytes > max_bytes || !(pictures.frames.is_empty() || same) {
            break;
        }
        let mut rgb = Vec::new();
        match source.take(bytes).read_to_end(&mut rgb) {
            Ok(read) if read as u64 == bytes => {}
            _ => break,
        }
        (pictures.width, pictures.height) = (width, height);
        pictures.frames.push(rgb);
        see(&pictures);
    }
    pictures
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

    #[test]
    fn reads_whole_pictures_and_leaves_out_a_cut_one() {
        let bytes = stream(&[(4, 2), (4, 2), (4, 2)]);
        let pictures = read_pictures(&mut &bytes[..bytes.len() - 1], 9, 1_000, |_| ());
        assert_eq!((pictures.width, pictures.height), (4, 2));
        assert_eq!(pictures.frames, [vec![0; 24], vec![1; 24]]);
    }

    #[test]
    fn stops_at_the_limit_at_a_change_of_size_and_at_a_huge_picture() {
        let bytes = stream(&[(4, 2), (4, 2), (2, 4)]);
        assert_eq!(
            read_pictures(&mut bytes.as_slice(), 1, 1_000, |_| ())
                .frames
                .len(),
            1
        );
        assert_eq!(
            read_pictures(&mut bytes.as_slice(), 9, 1_000, |_| ())
                .frames
                .len(),
            2
        );
        assert_eq!(
            read_pictures(&mut bytes.as_slice(), 9, 23, |_| ())
                .frames
                .len(),
            0
        );
        let boast = b"P6\n4294967295 4294967295\n255\nx";
        assert_eq!(
            read_pictures(&mut boast.as_slice(), 9, 1 << 30, |_| ()),
            Pictures::default()
        );
    }

    proptest! {
        #[test]
        fn never_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            read_pictures(&mut bytes.as_slice(), 3, 1_000, |_| ());
            let mut headed = b"P6\n3 1\n255\n".to_vec();
            headed.extend(&bytes);
            prop_assert_eq!(read_pictures(&mut headed.as_slice(), 1, 1_000, |_| ()).frames.len(), usize::from(bytes.len() >= 9));
        }
    }
}
