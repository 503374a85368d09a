# frozen_string_literal: true

# SQL for the keys of a Mac. Made by `npm run package` from packaging/templates/tokenquery.rb.
class Tokenquery < Formula
  desc "SQL for the keys of a Mac: secure tokens, FileVault users and volume owners"
  homepage "{{homepage}}"
  version "{{version}}"
  license "MIT"

  on_macos do
    depends_on macos: :ventura
    on_arm do
      url "{{url}}/tokenquery-{{version}}-darwin-arm64.tar.gz"
      sha256 "{{darwin_arm64}}"
    end
    on_intel do
      url "{{url}}/tokenquery-{{version}}-darwin-x64.tar.gz"
      sha256 "{{darwin_x64}}"
    end
  end

  on_linux do
    on_intel do
      url "{{url}}/tokenquery-{{version}}-linux-x64.tar.gz"
      sha256 "{{linux_x64}}"
    end
  end

  def install
    libexec.install Dir["*"]
    bin.install_symlink libexec/"bin/tokenquery"
  end

  def caveats
    <<~EOS
      The files belong to whoever runs Homebrew, so `sudo tokenquery` trusts that user, and says so.
      For a job of root's install the macOS package instead.
    EOS
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/tokenquery --version")
    assert_match "one", shell_output("#{bin}/tokenquery query --csv 'SELECT 1 AS one'")
  end
end
