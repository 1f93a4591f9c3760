//! The hosted pages, as a browser without JavaScript uses them.

mod account;
mod headers;
mod journey;
mod languages;
mod login;
mod next;
mod renewal;
mod tabs;

use axum::body::Body;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{Method, StatusCode};

use crate::kit::{Answer, Browser, PASSWORD};

impl Answer {
    /// Where it sends the browser.
    pub(crate) fn location(&self) -> &str {
        let location = self.headers.get(LOCATION);
        location.map_or("", |location| location.to_str().unwrap())
    }

    /// Does the page say this, in words that a person sees?
    pub(crate) fn says(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// The value that a field of the form has in it.
    pub(crate) fn typed(&self, name: &str) -> String {
        let at = self.text.find(&format!("name=\"{name}\"")).unwrap();
        let tag = self.text[at..].split('>').next().unwrap();
        let value = tag.split("value=\"").nth(1).unwrap_or_default();
        value.split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    /// Sends a form, as the button of a page does.
    pub(crate) async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.navigate(Method::POST, path, &body).await
    }

    /// Opens a page, and goes wherever it leads.
    pub(crate) async fn open(&mut self, path: &str) -> (String, Answer) {
        let answer = self.navigate(Method::GET, path, "").await;
        self.follow(Method::GET, path, "", answer).await
    }

    /// Sends a form, and goes wherever it leads.
    pub(crate) async fn submit_and_follow(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
    ) -> (String, Answer) {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let answer = self.navigate(Method::POST, path, &body).await;
        self.follow(Method::POST, path, &body, answer).await
    }

    /// The log-in form, filled in and sent.
    pub(crate) async fn log_in_on_page(&mut self, name: &str, password: &str) -> Answer {
        let fields = [("username", name), ("password", password)];
        self.submit("/account/login/", &fields).await
    }

    /// A browser that alice has logged in with, on the page.
    pub(crate) async fn logged_in_on_page(mut self) -> Self {
        let answer = self.log_in_on_page("alice", PASSWORD).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text);
        self
    }

    async fn navigate(&mut self, method: Method, path: &str, body: &str) -> Answer {
        let (asked, _) = path.split_once('#').unwrap_or((path, ""));
        let plain = asked.split('?').next().unwrap();
        let request = self
            .request(&method, plain)
            .uri(asked)
            .header("sec-fetch-mode", "navigate")
            .header("sec-fetch-dest", "document")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let mut answer = self
            .send(request.body(Body::from(body.to_owned())).unwrap())
            .await;
        // The templates escape more than HTML asks for; a browser reads both the same.
        answer.text = answer.text.replace("&#x2f;", "/");
        answer
    }

    async fn follow(
        &mut self,
        mut method: Method,
        path: &str,
        body: &str,
        mut answer: Answer,
    ) -> (String, Answer) {
        let mut at = path.to_owned();
        // Browsers give up after twenty.
        for _ in 0..20 {
            match answer.status {
                StatusCode::SEE_OTHER => method = Method::GET,
                StatusCode::TEMPORARY_REDIRECT => {}
                _ => return (at, answer),
            }
            at = answer.location().to_owned();
            if !at.starts_with('/') {
                return (at, answer);
            }
            let body = if method == Method::GET { "" } else { body };
            answer = self.navigate(method.clone(), &at, body).await;
        }
        panic!("the pages go in circles at {at}");
    }
}
