//! The split of MESC as its authors published it, as data.
//!
//! The published csv has no split; these ids were recovered by matching the published `val.json`
//! and `test.json` against it (204 of 204 dialogues match one dialogue each). All others are train.

use smes_dialogue::SplitName;

/// Dialogues of the published csv; ids run from 0.
pub(crate) const N_DIALOGUES: usize = 1019;

/// The published split of a dialogue of the published csv.
pub(crate) fn published_split(id: u32) -> SplitName {
    if VALIDATION.binary_search(&id).is_ok() {
        SplitName::Validation
    } else if TEST.binary_search(&id).is_ok() {
        SplitName::Test
    } else {
        SplitName::Train
    }
}

#[rustfmt::skip]
const VALIDATION: [u32; 102] = [
    3, 25, 31, 44, 55, 59, 60, 76, 86, 88, 96, 101, 109, 136, 158, 184, 198, 199, 218, 231, 244,
    256, 280, 281, 289, 296, 298, 299, 305, 306, 309, 310, 327, 344, 350, 351, 380, 381, 430,
    433, 436, 447, 448, 453, 478, 482, 485, 495, 497, 522, 529, 532, 533, 534, 545, 551, 568,
    589, 593, 613, 618, 621, 635, 649, 660, 664, 673, 682, 693, 704, 706, 711, 712, 717, 720,
    731, 737, 781, 789, 790, 809, 826, 865, 883, 886, 887, 889, 899, 918, 946, 949, 952, 953,
    958, 964, 969, 970, 993, 997, 1004, 1008, 1014,
];

#[rustfmt::skip]
const TEST: [u32; 102] = [
    10, 23, 30, 39, 54, 63, 66, 67, 70, 72, 100, 107, 110, 120, 139, 168, 174, 208, 209, 210,
    213, 215, 237, 254, 259, 260, 275, 286, 292, 294, 312, 314, 334, 342, 346, 359, 370, 394,
    398, 405, 422, 424, 425, 432, 439, 442, 464, 467, 477, 486, 493, 494, 527, 536, 538, 549,
    554, 567, 583, 584, 598, 603, 604, 615, 628, 631, 638, 650, 657, 665, 666, 692, 715, 723,
    736, 749, 752, 753, 756, 762, 787, 802, 827, 832, 836, 841, 842, 879, 881, 895, 915, 932,
    940, 963, 965, 975, 978, 980, 982, 989, 998, 1010,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_ascend_and_do_not_meet() {
        for ids in [VALIDATION, TEST] {
            assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(ids[101] < u32::try_from(N_DIALOGUES).unwrap());
        }
        assert!(VALIDATION.iter().all(|id| !TEST.contains(id)));
    }
}
