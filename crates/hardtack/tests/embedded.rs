//! `examples/embedded.rs`, run as its readers run it.

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};

    use serde_json::json;

    /// A process that ends with the test.
    struct Running(Child);

    impl Drop for Running {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[tokio::test]
    async fn an_application_with_its_own_authority_is_safe_without_a_line_for_it() {
        let tests = std::env::current_exe().unwrap();
        let example = tests.ancestors().nth(2).unwrap().join("examples/embedded");
        let mut running = Running(
            Command::new(example)
                .arg("0")
                .stderr(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let stderr = running.0.stderr.take().unwrap();
        let line = tokio::task::spawn_blocking(move || BufReader::new(stderr).lines().next())
            .await
            .unwrap();
        let line = line.unwrap().unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let (url, password) = (words[0], words[words.len() - 1]);

        let client = reqwest::Client::new();
        let credentials = json!({ "username": "demo", "password": password });
        let login = client
            .post(format!("{url}/api/auth/login/"))
            .json(&credentials)
            .send()
            .await
            .unwrap();
        assert_eq!(login.status(), 200);
        let cookies: Vec<String> = login
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|cookie| {
                cookie
                    .to_str()
                    .unwrap()
                    .split(';')
                    .next()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        let cookies = cookies.join("; ");

        let data = format!("{url}/api/data");
        let answer = client
            .get(&data)
            .header("cookie", &cookies)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.text().await.unwrap(), "data of user 1\n");
        assert_eq!(client.get(&data).send().await.unwrap().status(), 401);
        let post = |origin: &str| {
            let request = client
                .post(&data)
                .header("cookie", &cookies)
                .header("origin", origin.to_owned());
            request.header("sec-fetch-site", "cross-site").send()
        };
        assert_eq!(post("https://evil.example").await.unwrap().status(), 403);
        assert_eq!(post(url).await.unwrap().status(), 200);
        let logout = client
            .post(format!("{url}/api/auth/logout/"))
            .header("cookie", &cookies)
            .send()
            .await
            .unwrap();
        assert_eq!(logout.status(), 200);
        assert_eq!(
            client
                .get(&data)
                .header("cookie", &cookies)
                .send()
                .await
                .unwrap()
                .status(),
            401
        );
    }
}
