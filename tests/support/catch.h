#ifndef DYNOFA_TESTS_SUPPORT_CATCH_H_
#define DYNOFA_TESTS_SUPPORT_CATCH_H_

// The one place that knows which Catch2 there is: v2 (Debian 12) or v3. Tests use what both have.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif

#endif  // DYNOFA_TESTS_SUPPORT_CATCH_H_
