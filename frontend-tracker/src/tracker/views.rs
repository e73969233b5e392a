//! Which navigations of a page are views?
//!
//! A view is a settled, visible page whose path differs from the one counted before. Query and fragment are not part of
//! a path. Navigations within one task settle once, with the last path. What a hidden page does is looked at when it
//! becomes visible.

/// Views that wait for the browser's UUID at most; more are not counted. The wait is a tenth of a second.
const WAITING: usize = 32;

/// The views of one page, from its load to its end.
#[derive(Debug, Default)]
pub struct Views {
    counted: Option<String>,
    waiting: Vec<String>,
}

impl Views {
    /// Takes note that the page has come back as it was left: its path counts again.
    pub fn restore(&mut self) {
        self.counted = None;
    }

    /// Takes note that the page stands at `pathname`, and keeps a view under `key` if that is one.
    pub fn settle(&mut self, pathname: String, key: impl FnOnce(&str) -> String) {
        if self.counted.as_deref() == Some(pathname.as_str()) {
            return;
        }
        if self.waiting.len() < WAITING {
            self.waiting.push(key(&pathname));
        }
        self.counted = Some(pathname);
    }

    /// Takes the keys of all views that were not sent yet, the oldest first.
    #[must_use]
    pub fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(views: &mut Views, paths: &[&str]) -> Vec<String> {
        for path in paths {
            views.settle((*path).to_owned(), str::to_owned);
        }
        views.take()
    }

    #[test]
    fn a_path_counts_when_it_differs_from_the_one_before() {
        let cases: [(&[&str], &[&str]); 4] = [
            (&["/"], &["/"]),
            (&["/", "/", "/"], &["/"]),
            (&["/p/a", "/p/b", "/p/b", "/p/a"], &["/p/a", "/p/b", "/p/a"]),
            (&[], &[]),
        ];
        for (paths, views) in cases {
            assert_eq!(settled(&mut Views::default(), paths), views);
        }
    }

    #[test]
    fn what_was_taken_is_not_taken_again() {
        let mut views = Views::default();
        assert_eq!(settled(&mut views, &["/"]), ["/"]);
        assert!(settled(&mut views, &["/"]).is_empty());
    }

    #[test]
    fn a_restored_page_counts_again_once() {
        let mut views = Views::default();
        assert_eq!(settled(&mut views, &["/"]), ["/"]);
        views.restore();
        assert_eq!(settled(&mut views, &["/", "/"]), ["/"]);
    }

    #[test]
    fn the_queue_is_bounded_and_keeps_the_oldest() {
        let mut views = Views::default();
        let paths: Vec<String> = (0..1000).map(|number| format!("/p/{number}")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        assert_eq!(settled(&mut views, &paths), paths[..WAITING]);
    }
}
