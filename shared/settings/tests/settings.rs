        let problems = from_toml(content).expect_err(content);
        assert_eq!(problems.len(), 1, "{content}: {problems:?}");
        at(&problems, path);
    }
}

