// As the guides have it: an axios instance with an interceptor. docs/contract.md, section 11.

import axios from "axios";

export const api = axios.create({
  baseURL: import.meta.env.VITE_API ?? "http://localhost:8000/api",
  withCredentials: true,
});

api.interceptors.response.use(
  (response) => response,
  async (error) => {
    const originalRequest = error.config;
    if (error.response?.status === 401 && !originalRequest._retry) {
      originalRequest._retry = true;
      // This request passes through the interceptor too: signed out, each refusal starts the next.
      await api.post("/auth/token/refresh/");
      return api(originalRequest);
    }
    return Promise.reject(error);
  },
);
