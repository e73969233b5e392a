//! Decides which navigations of a page are views, and queues those that wait to be sent.
//!
//! A view is a settled, visible page whose path differs from the one counted before. Query and fragment are
//! not part of a path, and slashes at its end do not matter. A page that was restored from the back/forward
//! cache counts again. No page has an empty path.

use alloc::{collections::VecDeque, string::String};

use headcount_shared::breakpoint::Breakpoint;

/// The maximum number of views that wait for the browser's UUID, for a network, or for the answer to the view
/// before. A newer one replaces the oldest. `EARLY` in `js/page.js` has the same value.
pub const WAITING: usize = 32;

/// A view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageView {
    /// The page key.
    pub key: String,
    /// The display size.
    pub size: Breakpoint,
}

/// The views of one page, from its load to its end.
#[derive(Debug, Default)]
pub struct PageViews {
    counted: String,
    waiting: VecDeque<PageView>,
    dropped: u32,
}

impl PageViews {
    /// Handles that the page was restored: its path counts again.
    pub fn restore(&mut self) {
        self.counted.clear();
    }

    /// Handles that the page is at `pathname`. If that is a view, queues the result of `view`.
    pub fn settle(&mut self, mut pathname: String, view: impl FnOnce(&str) -> PageView) {
        while pathname.len() > 1 && pathname.ends_with('/') {
            pathname.truncate(pathname.len() - 1);
        }
        if self.counted == pathname {
            return;
        }
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back(view(&pathname));
        self.counted = pathname;
    }

    /// Takes the oldest view from the queue.
    pub fn take_oldest(&mut self) -> Option<PageView> {
        self.waiting.pop_front()
    }

    /// The number of waiting views.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The number of views that were dropped since the page was loaded, because too many waited.
    #[must_use]
    pub const fn dropped(&self) -> u32 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(views: &mut PageViews, paths: &[&str]) -> Vec<String> {
        for path in paths {
            views.settle((*path).to_owned(), |path| PageView { key: path.to_owned(), size: Breakpoint::Md });
        }
        std::iter::from_fn(|| views.take_oldest()).map(|view| view.key).collect()
    }

    #[test]
    fn a_path_counts_when_it_differs_from_the_one_before() {
        let cases: [(&[&str], &[&str]); 6] = [
            (&["/"], &["/"]),
            (&["/", "/", "/"], &["/"]),
            (&["/p/a", "/p/b", "/p/b", "/p/a"], &["/p/a", "/p/b", "/p/a"]),
            (&["/p/a", "/p/a/", "/p/a//", "/p/b/", "/p/b"], &["/p/a", "/p/b"]),
            (&["/", "//", "/p", "/"], &["/", "/p", "/"]),
            (&[], &[]),
        ];
        for (paths, views) in cases {
            assert_eq!(settled(&mut PageViews::default(), paths), views);
        }
    }

    #[test]
    fn what_was_taken_is_not_taken_again() {
        let mut views = PageViews::default();
        assert_eq!(settled(&mut views, &["/"]), ["/"]);
        assert!(settled(&mut views, &["/"]).is_empty());
    }

    #[test]
    fn a_restored_page_counts_again_once() {
        let mut views = PageViews::default();
        assert_eq!(settled(&mut views, &["/"]), ["/"]);
        views.restore();
        assert_eq!(settled(&mut views, &["/", "/"]), ["/"]);
    }

    #[test]
    fn the_queue_keeps_the_newest_and_counts_what_it_dropped() {
        let mut views = PageViews::default();
        let paths: Vec<String> = (0..1000).map(|number| format!("/p/{number}")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        assert_eq!(settled(&mut views, &paths), paths[1000 - WAITING..]);
        assert_eq!(views.dropped() as usize, 1000 - WAITING);
        assert_eq!(views.waiting(), 0);
    }
}
