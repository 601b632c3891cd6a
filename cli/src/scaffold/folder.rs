//! Writing: all of it, or nothing that anybody could see.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use connector_core::{ConnectorError, ErrorCode, Result};
use tempfile::{NamedTempFile, TempDir};

use super::templates::File;

/// A file that is there and gets other contents.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) path: PathBuf,
    pub(super) before: String,
    pub(super) after: String,
}

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) added: Vec<String>,
    pub(super) left_alone: Vec<String>,
    pub(super) changed: Vec<String>,
}

/// Writes files into a folder and changes others. Files that are there stay as they are.
///
/// Everything is written beside its place first, where a full disk or a signal costs nothing, and moved there then.
///
/// # Errors
/// `conflict` for a folder that holds something, unless `force` is set; otherwise what the disk did. Then nothing is
/// left of it.
pub(super) fn write(
    folder: &Path,
    files: &[File],
    changes: &[Change],
    force: bool,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Written> {
    let parent = folder.parent().filter(|parent| parent.is_dir()).ok_or_else(|| {
        ConnectorError::new(ErrorCode::InvalidValue, "the folder that DIR is to be in is not there")
            .hint("make it first, with mkdir -p")
    })?;
    if !force && !is_free(folder) {
        let message = format!("{} is there and not empty", folder.display());
        let hint = "use another DIR; `--force` adds the files that are missing and changes none";
        return Err(ConnectorError::new(ErrorCode::Conflict, message).hint(hint));
    }
    let failed = |error: io::Error| failure(folder, &error);
    let (missing, left_alone) = missing(folder, files)?;
    let beside = tempfile::Builder::new().prefix(".scaffold-").tempdir_in(parent).map_err(failed)?;
    stage(&beside, &missing).map_err(failed)?;
    let changes = changes.iter().map(Staged::new).collect::<io::Result<Vec<_>>>().map_err(failed)?;
    if is_stopped() {
        return Err(ConnectorError::new(ErrorCode::RequestTimeout, "stopped before anything was written"));
    }
    let mut undo = Undo::default();
    let added = missing.iter().map(|file| file.path.clone()).collect();
    move_in(folder, beside, &missing, &mut undo).map_err(failed)?;
    let mut mended = Vec::new();
    for change in changes {
        mended.push(change.change.path.display().to_string());
        change.put(&mut undo).map_err(failed)?;
    }
    undo.keep();
    Ok(Written { added, left_alone, changed: mended })
}

/// Whether nothing is there, or an empty folder.
fn is_free(folder: &Path) -> bool {
    match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound && folder.symlink_metadata().is_err(),
    }
}

/// The files that are not there, and the names of those that are.
fn missing<'f>(folder: &Path, files: &'f [File]) -> Result<(Vec<&'f File>, Vec<String>)> {
    let (mut missing, mut there) = (Vec::new(), Vec::new());
    for file in files {
        let path = folder.join(&file.path);
        let strange = path
            .ancestors()
            .skip(1)
            .take_while(|above| above.starts_with(folder))
            .find(|above| above.symlink_metadata().is_ok_and(|found| !found.is_dir()));
        // A link would lead the files to somewhere else.
        if let Some(strange) = strange {
            let message = format!("{} is in the way: it is no folder", strange.display());
            return Err(
                ConnectorError::new(ErrorCode::Conflict, message).hint("move it away, or use another DIR")
            );
        }
        if path.symlink_metadata().is_ok() {
            there.push(file.path.clone());
        } else {
            missing.push(file);
        }
    }
    Ok((missing, there))
}

fn stage(beside: &TempDir, files: &[&File]) -> io::Result<()> {
    for file in files {
        let path = beside.path().join(&file.path);
        if let Some(above) = path.parent() {
            fs::create_dir_all(above)?;
        }
        let mut written = fs::File::create_new(path)?;
        written.write_all(file.text.as_bytes())?;
        // Some disks say only now that they are full.
        written.sync_all()?;
    }
    Ok(())
}

/// Moves the files in: the folder as a whole where there is none, else one by one.
fn move_in(folder: &Path, beside: TempDir, files: &[&File], undo: &mut Undo) -> io::Result<()> {
    if is_free(folder) {
        open_to_others(beside.path())?;
        fs::rename(beside.path(), folder)?;
        // It has moved: there is nothing left to remove.
        let _ = beside.keep();
        undo.folders.push(folder.to_owned());
        return Ok(());
    }
    for file in files {
        let path = folder.join(&file.path);
        undo.make_folders(&path, folder)?;
        // Unlike a rename, a link never takes the place of another file.
        fs::hard_link(beside.path().join(&file.path), &path)?;
        undo.files.push(path);
    }
    Ok(())
}

/// Temporary folders are for their owner alone; this one becomes a folder like others.
fn open_to_others(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let like = folder.parent().map(fs::metadata).transpose()?;
    let mode = like.map_or(0o755, |like| like.permissions().mode());
    fs::set_permissions(folder, fs::Permissions::from_mode((mode & 0o055) | 0o700))
}

/// New contents that stand beside the old ones.
struct Staged<'c> {
    change: &'c Change,
    file: NamedTempFile,
}

impl<'c> Staged<'c> {
    fn new(change: &'c Change) -> io::Result<Self> {
        Ok(Self { change, file: beside(&change.path, &change.after)? })
    }

    fn put(self, undo: &mut Undo) -> io::Result<()> {
        // Somebody may have written to it since it was read.
        if fs::read_to_string(&self.change.path)? != self.change.before {
            return Err(io::Error::other(format!("{} changed meanwhile", self.change.path.display())));
        }
        self.file.persist(&self.change.path)?;
        undo.changes.push((self.change.path.clone(), self.change.before.clone()));
        Ok(())
    }
}

/// A file beside another one, with its rights.
fn beside(path: &Path, text: &str) -> io::Result<NamedTempFile> {
    let mut file =
        tempfile::Builder::new().prefix(".scaffold-").tempfile_in(path.parent().unwrap_or(path))?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(fs::metadata(path)?.permissions())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// What has been done, to be undone unless all of it is.
#[derive(Default)]
struct Undo {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
    changes: Vec<(PathBuf, String)>,
    is_kept: bool,
}

impl Undo {
    fn make_folders(&mut self, path: &Path, folder: &Path) -> io::Result<()> {
        let above: Vec<&Path> =
            path.ancestors().skip(1).take_while(|above| above.starts_with(folder)).collect();
        for above in above.into_iter().rev().filter(|above| !above.exists()) {
            fs::create_dir(above)?;
            self.folders.push(above.to_owned());
        }
        Ok(())
    }

    fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        // The first failure is the one that is told; what cannot be undone stays.
        for (path, before) in self.changes.drain(..).rev() {
            let _ = beside(&path, &before).map(|file| file.persist(&path));
        }
        for file in self.files.drain(..).rev() {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.drain(..).rev() {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

fn failure(folder: &Path, error: &io::Error) -> ConnectorError {
    let message = format!("{} cannot be written: {error}", folder.display());
    ConnectorError::misconfigured(ErrorCode::InvalidValue, message)
        .hint("nothing is left of it: mend that and try again")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    /// Everything below a folder, sorted.
    fn below(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).unwrap() {
                let path = entry.unwrap().path();
                found.push(path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned());
                if path.is_dir() {
                    folders.push(path);
                }
            }
        }
        found.sort();
        found
    }

    fn never() -> bool {
        false
    }

    #[test]
    fn a_folder_comes_whole() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("new");
        let files = [file("a", "1"), file("src/b", "2")];
        let written = write(&folder, &files, &[], false, &never).unwrap();
        assert_eq!((written.added, written.left_alone), (vec!["a".to_owned(), "src/b".to_owned()], vec![]));
        assert_eq!(below(home.path()), ["new", "new/a", "new/src", "new/src/b"]);
        let again = write(&folder, &files, &[], false, &never).unwrap_err();
        assert_eq!((again.code(), again.exit_code()), (ErrorCode::Conflict, 69));
    }

    #[test]
    fn force_adds_and_changes_nothing() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("new");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a"), "mine").unwrap();
        let written = write(&folder, &[file("a", "1"), file("src/b", "2")], &[], true, &never).unwrap();
        assert_eq!((written.added, written.left_alone), (vec!["src/b".to_owned()], vec!["a".to_owned()]));
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "mine");
        assert_eq!(below(home.path()), ["new", "new/a", "new/src", "new/src/b"]);
    }

    #[test]
    fn a_link_leads_nothing_out_of_the_folder() {
        let home = tempfile::tempdir().unwrap();
        let (folder, elsewhere) = (home.path().join("new"), home.path().join("elsewhere"));
        fs::create_dir(&folder).unwrap();
        fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, folder.join("src")).unwrap();
        let error = write(&folder, &[file("src/b", "2")], &[], true, &never).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Conflict, "{error}");
        assert_eq!(below(&elsewhere), [""; 0]);
    }

    #[test]
    fn a_signal_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        write(&home.path().join("new"), &[file("a", "1")], &[], false, &|| true).unwrap_err();
        assert_eq!(below(home.path()), [""; 0]);
    }

    #[test]
    fn what_fails_half_way_is_undone() {
        let home = tempfile::tempdir().unwrap();
        let (folder, first, second) =
            (home.path().join("new"), home.path().join("first"), home.path().join("second"));
        fs::write(&first, "1").unwrap();
        fs::write(&second, "somebody else's").unwrap();
        let change = |path: &Path| Change { path: path.to_owned(), before: "1".into(), after: "2".into() };
        for force in [false, true] {
            if force {
                fs::create_dir(&folder).unwrap();
                fs::write(folder.join("mine"), "").unwrap();
            }
            let changes = [change(&first), change(&second)];
            let error = write(&folder, &[file("src/a", "1")], &changes, force, &never).unwrap_err();
            assert!(error.message().contains("second changed meanwhile"), "{error}");
            assert_eq!(fs::read_to_string(&first).unwrap(), "1");
            assert_eq!(fs::read_to_string(&second).unwrap(), "somebody else's");
            let mine: &[&str] =
                if force { &["first", "new", "new/mine", "second"] } else { &["first", "second"] };
            assert_eq!(below(home.path()), mine);
        }
    }
}
