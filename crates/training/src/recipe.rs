//! Recipe files: what kind of model a recipe is for, and what it takes over from another recipe.
//!
//! `extends = "base.toml"` puts the fields of that file (relative to the recipe) below the recipe's
//! own: a table is merged field by field, everything else is replaced. `kind` names the model.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::TrainingError;

/// How many recipes may extend one another.
const MAX_DEPTH: usize = 8;

/// What a recipe is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipeKind {
    /// The small embedded model.
    Starter,
    /// A sequence-to-sequence network: SMES, its ablations, BlenderBot-Joint.
    Seq2seq,
    /// The small networks that name the acted emotion a voice sounds most like.
    Voice,
    /// The small network that reads the expression of a face.
    Face,
    /// The small network that reads how a head is turned.
    Head,
}

/// A recipe file with everything it extends, not yet understood.
#[derive(Debug, Clone)]
pub struct RecipeFile {
    path: PathBuf,
    kind: RecipeKind,
    fields: Table,
}

impl RecipeFile {
    /// Reads a recipe and what it extends.
    ///
    /// # Errors
    /// [`TrainingError::RecipeSyntax`] for invalid TOML or an unknown kind,
    /// [`TrainingError::RecipeExtends`] when recipes extend one another in a circle.
    pub fn read(path: &Path) -> Result<Self, TrainingError> {
        let mut fields = merged(path, 0)?;
        let kind = fields
            .remove("kind")
            .unwrap_or(Value::String(String::new()));
        let kind = kind.try_into().map_err(|source| syntax(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            kind,
            fields,
        })
    }

    /// What it is for.
    pub fn kind(&self) -> RecipeKind {
        self.kind
    }

    /// Where it stands.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The recipe as a type, every field given and none unknown.
    ///
    /// # Errors
    /// [`TrainingError::RecipeSyntax`], naming the field.
    pub fn parse<R: DeserializeOwned>(&self) -> Result<R, TrainingError> {
        let fields = Value::Table(self.fields.clone());
        fields
            .try_into()
            .map_err(|source| syntax(&self.path, source))
    }
}

/// A recipe of one kind of model.
pub trait Recipe: DeserializeOwned {
    /// Checks what its types leave open; `path` is where it stands.
    ///
    /// # Errors
    /// [`TrainingError::RecipeValue`], naming the field.
    fn check(&self, path: &Path) -> Result<(), TrainingError>;

    /// Understands and checks a recipe.
    ///
    /// # Errors
    /// [`TrainingError::RecipeSyntax`] or [`TrainingError::RecipeValue`], naming the field.
    fn of_file(file: &RecipeFile) -> Result<Self, TrainingError> {
        let recipe: Self = file.parse()?;
        recipe.check(file.path())?;
        Ok(recipe)
    }

    /// Reads and checks a recipe.
    ///
    /// # Errors
    /// As for [`RecipeFile::read`] and [`Recipe::of_file`].
    fn load(path: &Path) -> Result<Self, TrainingError> {
        Self::of_file(&RecipeFile::read(path)?)
    }
}

fn syntax(path: &Path, source: toml::de::Error) -> TrainingError {
    TrainingError::RecipeSyntax {
        path: path.to_owned(),
        source: Box::new(source),
    }
}

fn merged(path: &Path, depth: usize) -> Result<Table, TrainingError> {
    let text = fs_err::read_to_string(path)?;
    let own: Table = toml::from_str(&text).map_err(|source| syntax(path, source))?;
    let Some(base) = own.get("extends") else {
        return Ok(own);
    };
    let extends = |reason: &'static str| TrainingError::RecipeExtends {
        path: path.to_owned(),
        reason,
    };
    let base = base
        .as_str()
        .ok_or_else(|| extends("`extends` is no path"))?;
    if depth == MAX_DEPTH {
        return Err(extends("recipes extend one another in a circle"));
    }
    let mut fields = merged(&path.with_file_name(base), depth + 1)?;
    overlay(&mut fields, own);
    fields.remove("extends");
    Ok(fields)
}

/// Puts fields over others, table by table.
fn overlay(below: &mut Table, above: Table) {
    for (name, value) in above {
        match (below.get_mut(&name), value) {
            (Some(Value::Table(below)), Value::Table(above)) => overlay(below, above),
            (_, value) => {
                below.insert(name, value);
            }
        }
    }
}

/// A number of a recipe, whether it keeps its bound, and the bound in words.
pub(crate) struct Bound(pub(crate) f64, pub(crate) bool, pub(crate) &'static str);

impl Bound {
    pub(crate) fn share(number: f64) -> Self {
        Self(number, (0.0..1.0).contains(&number), "in 0..1")
    }

    pub(crate) fn positive(number: f64) -> Self {
        Self(number, number > 0.0 && number.is_finite(), "above 0")
    }

    pub(crate) fn at_least_0(number: f64) -> Self {
        Self(number, number >= 0.0 && number.is_finite(), "0 or more")
    }

    pub(crate) fn at_least_1(number: usize) -> Self {
        Self(number as f64, number >= 1, "at least 1")
    }
}

/// Checks every field against its bound.
///
/// # Errors
/// [`TrainingError::RecipeValue`] for the first that does not keep it.
pub(crate) fn check_bounds(
    path: &Path,
    fields: impl IntoIterator<Item = (&'static str, Bound)>,
) -> Result<(), TrainingError> {
    for (field, Bound(found, is_kept, expected)) in fields {
        if !is_kept {
            return Err(TrainingError::RecipeValue {
                path: path.to_owned(),
                field: field.to_owned(),
                found: found.to_string(),
                expected,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Toy {
        name: String,
        fit: Fit,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Fit {
        rate: f64,
        sizes: Vec<u32>,
    }

    fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn a_recipe_replaces_only_what_it_names() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        write(
            dir,
            "base.toml",
            "kind = 'seq2seq'\nname = 'a'\n[fit]\nrate = 1.0\nsizes = [1, 2]",
        );
        write(
            dir,
            "middle.toml",
            "extends = 'base.toml'\n[fit]\nsizes = [3]",
        );
        let path = write(dir, "own.toml", "extends = 'middle.toml'\nname = 'b'");
        let file = RecipeFile::read(&path).unwrap();
        assert_eq!(file.kind(), RecipeKind::Seq2seq);
        let expected = Toy {
            name: "b".to_owned(),
            fit: Fit {
                rate: 1.0,
                sizes: vec![3],
            },
        };
        assert_eq!(file.parse::<Toy>().unwrap(), expected);
    }

    #[test]
    fn circles_missing_kinds_and_misspelt_fields_are_named() {
        let temp = tempfile::tempdir().unwrap();
        let dir = temp.path();
        let path = write(dir, "a.toml", "extends = 'a.toml'");
        let error = RecipeFile::read(&path).unwrap_err().to_string();
        assert!(error.contains("in a circle"), "{error}");
        let path = write(dir, "b.toml", "name = 'b'");
        let error = RecipeFile::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("seq2seq") && error.contains("b.toml"),
            "{error}"
        );
        let path = write(
            dir,
            "c.toml",
            "kind = 'starter'\nname = 'c'\n[fit]\nrat = 1.0",
        );
        let error = RecipeFile::read(&path).unwrap().parse::<Toy>().unwrap_err();
        assert!(error.to_string().contains("rat"), "{error}");
        let path = write(dir, "d.toml", "extends = 'nowhere.toml'");
        let error = RecipeFile::read(&path).unwrap_err().to_string();
        assert!(error.contains("nowhere.toml"), "{error}");
    }
}
